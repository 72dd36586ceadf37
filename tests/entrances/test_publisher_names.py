"""What a release engineer types for a registry, and what it is told to be."""

from __future__ import annotations

from pathlib import Path

import pytest

from vibedata.errors import BadInput
from vibedata.wiring import publisher


@pytest.mark.parametrize("name", ["https://cr.azurecr.io", "cr.azurecr.io/vibedata", "c r"])
def test_a_registry_that_is_no_host_is_told_as_one(name: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput) as caught:
        publisher.push_release(tmp_path, name, "1.0.0", print)
    assert caught.value.code == "publisher-registry-name"
