"""Azure's REST calls that go without a management client: types, pages, and where a token may go."""

from __future__ import annotations

from typing import Any, cast

import pytest

from vibedata.adapters.rest import MAX_PAGES, Rest, arm_list, plain, quoted


class Pages:
    """Resource Manager with prepared pages; remembers what it was asked."""

    def __init__(self, *pages: dict[str, Any]) -> None:
        self.asked: list[str] = []
        self._pages = list(pages)

    def get(self, path: str, **_: str) -> dict[str, Any]:
        self.asked.append(path)
        return self._pages.pop(0) if len(self._pages) > 1 else self._pages[0]


def listed(pages: Pages) -> list[int]:
    return [item["n"] for item in arm_list(cast(Rest, pages), "/list", "2025-04-01")]


def test_a_list_is_read_page_by_page() -> None:
    pages = Pages({"value": [{"n": 1}], "nextLink": "https://arm/list?$skiptoken=2"}, {"value": [{"n": 2}]})
    assert listed(pages) == [1, 2]
    assert pages.asked == ["/list", "/list?$skiptoken=2"]


def test_a_next_page_elsewhere_gets_no_token() -> None:
    pages = Pages({"value": [], "nextLink": "https://attacker.example/list?x=1"}, {"value": []})
    assert listed(pages) == []
    assert pages.asked == ["/list", "/list?x=1"], "our own endpoint's path, never the other host"


def test_pages_without_an_end_have_one() -> None:
    pages = Pages({"value": [{"n": 1}], "nextLink": "https://arm/list?again"})
    assert len(listed(pages)) == MAX_PAGES


def test_an_entity_is_plain_values() -> None:
    entity = {
        "odata.etag": "W/\"x'1'\"",
        "RowKey": "a",
        "serial@odata.type": "Edm.Int64",
        "serial": "9007199254740993",
        "seen@odata.type": "Edm.DateTime",
        "seen": "2026-01-02T03:04:05Z",
        "ready": True,
    }
    assert plain(entity) == {
        "RowKey": "a",
        "serial": 9007199254740993,
        "seen": "2026-01-02T03:04:05Z",
        "ready": True,
        "etag": "W/\"x'1'\"",
    }


@pytest.mark.parametrize(("text", "literal"), [("a", "'a'"), ("o'brien", "'o''brien'"), ("", "''")])
def test_a_literal_of_a_filter_stays_one(text: str, literal: str) -> None:
    assert quoted(text) == literal
