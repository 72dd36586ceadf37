"""Nothing is replaced or deleted in a transaction but what was read."""

from __future__ import annotations

import pytest

from vibedata.adapters.table_transactions import Operation


@pytest.mark.parametrize(
    "blind", [Operation("p", "r", None), Operation("p", "r", None, ""), Operation("p", "r", {}, "")]
)
def test_nothing_is_changed_that_was_not_read(blind: Operation) -> None:
    with pytest.raises(ValueError, match="ETag"):
        blind.for_sdk()


def test_an_integer_keeps_all_its_digits() -> None:
    _, entity = Operation("p", "r", {"n": 2**53 - 1, "yes": True}).for_sdk()
    assert entity["n"].value == 2**53 - 1
    assert entity["n"].edm_type == "Edm.Int64"
    assert entity["yes"] is True
