"""An error can be written anywhere, whatever the text that it quotes."""

from __future__ import annotations

import json

import pytest

from oci.errors import OciError
from vibedata.errors import Failed

QUOTED = json.loads('"\\ud800"')


@pytest.mark.parametrize(
    "error", [Failed("c", QUOTED, hint="h"), OciError("oci-c", QUOTED, "h")], ids=["engine", "oci"]
)
def test_half_a_surrogate_pair_in_a_message_can_be_written(error: Exception) -> None:
    assert "\\ud800" in str(error)
    assert str(error).encode()
