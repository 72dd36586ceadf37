"""The texts that Azure puts times and numbers in."""

from __future__ import annotations

from datetime import timezone
from typing import Any

import pytest

from vibedata.alerts import quantities, times


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2019-03-22T13:58:24.3713213Z", "2019-03-22T13:58:24.371321"),
        ("2025-04-15T17:55:39.04Z", "2025-04-15T17:55:39.040000"),
        ("2020-07-09T14:04:49.99645Z", "2020-07-09T14:04:49.996450"),
        ("2022-11-07T12:13:31.365Z", "2022-11-07T12:13:31.365000"),
        ("2020-07-07T13:54:34Z", "2020-07-07T13:54:34.000000"),
        ("2021-11-17T05:34:48.0623172", "2021-11-17T05:34:48.062317"),
        ("2019-03-22T13:56:54.067593+00:00", "2019-03-22T13:56:54.067593"),
        ("2019-03-22T13:56:54+0530", "2019-03-22T08:26:54.000000"),
        ("2026-09-14 06:41:07.1 z", "2026-09-14T06:41:07.100000"),
        ("2022-11-01", "2022-11-01T00:00:00.000000"),
        ("3/22/2019 1:36:31 PM", "2019-03-22T13:36:31.000000"),
        ("3/22/2019 12:36:31 AM", "2019-03-22T00:36:31.000000"),
        ("11/17/2021 5:40:29 PM -08:00", "2021-11-18T01:40:29.000000"),
        ("06/25/2017 19:59:39", "2017-06-25T19:59:39.000000"),
        ("6/1/2018", "2018-06-01T00:00:00.000000"),
        ("Wed, 21 Aug 2019 16:17:47 GMT", "2019-08-21T16:17:47.000000"),
        ("/Date(1553263104000)/", "2019-03-22T13:58:24.000000"),
        (1553263104, "2019-03-22T13:58:24.000000"),
        (1553263104000, "2019-03-22T13:58:24.000000"),
    ],
)
def test_a_time_is_read(text: Any, told: str) -> None:
    moment = times.parse(text)
    assert moment is not None
    assert moment.utcoffset() == timezone.utc.utcoffset(None)
    assert moment.isoformat(timespec="microseconds") == f"{told}+00:00"


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "yesterday",
            "2022-13-01T00:00:00Z",
            "2022-11-07T25:00:00Z",
            "2022-11-07T12:61:00Z",
            "0001-01-01",
        ),
        *(
            "13/22/2019 1:36:31 PM",
            "3/22/2019 13:36:31 PM",
            "2022-11-07T12:13:31+99:99",
            "/Date()/",
            "9" * 5000,
        ),
        *(
            None,
            True,
            7,
            -1,
            1e300,
            float("nan"),
            float("inf"),
            [],
            {},
            "Wed, 21 Foo 2019 16:17:47 GMT",
            "0001-01-01T00:00:00+14:00",
            "9999-12-31T23:59:59.9999999Z",
        ),
    ],
)
def test_what_is_no_time_is_none(text: Any) -> None:
    assert times.parse(text) is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("25", 25),
        ("0.3", 0.3),
        (7.727, 7.727),
        (" -3 ", -3),
        ("1e3", 1000.0),
        (".5", 0.5),
        (True, None),
        ("1,000", None),
        ("NaN", None),
        ("1e999", None),
        ("", None),
        (None, None),
        ([], None),
        ("9" * 200, None),
        (2**63 - 1, 2**63 - 1),
        (10**20, 1e20),
        (-(10**20), -1e20),
    ],
)
def test_a_number_is_read(text: Any, told: float | None) -> None:
    assert quantities.number(text) == told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("$11,111.00", 11111.0),
        ("$50.00", 50.0),
        ("1111.32", 1111.32),
        ("€1.234,56", 1234.56),
        ("1 234,56 kr", 1234.56),
        ("CHF 1'234.50", 1234.5),
        ("$1,234", 1234),
        ("12,50 €", 12.5),
        ("1.234.567", 1234567),
        ("($4.00)", -4.0),
        ("-$4.00", -4.0),
        ("free", None),
        ("", None),
        (None, None),
    ],
)
def test_money_is_read(text: Any, told: float | None) -> None:
    assert quantities.money(text) == told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("0.45 sec", (0.45, "sec")),
        ("0.27 sec (over the last 7 days)", (0.27, "sec")),
        ("12.4% of requests", (12.4, "% of requests")),
        ("3", (3, "")),
        (4.5, (4.5, "")),
        ("many", (None, "")),
        (None, (None, "")),
    ],
)
def test_a_quantity_is_read(text: Any, told: tuple[float | None, str]) -> None:
    assert quantities.quantity(text) == told


@pytest.mark.parametrize(
    ("text", "told"),
    [("12.7m", 0.0127), ("3k", 3000), ("0", 0), ("1.5M", 1.5e6), ("3 apples", None), ("+Inf", None)],
)
def test_a_value_of_prometheus_is_read(text: Any, told: float | None) -> None:
    assert quantities.scaled(text) == told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("GreaterThan", "GreaterThan"),
        ("Greater Than", "GreaterThan"),
        ("LowerThan", "LessThan"),
        ("Less Than", "LessThan"),
        ("GreaterThanOrEqual", "GreaterThanOrEqual"),
        (">=", "GreaterThanOrEqual"),
        ("Sideways", "Sideways"),
        ("", ""),
    ],
)
def test_a_comparison_has_one_name(text: str, told: str) -> None:
    assert quantities.operator(text) == told
