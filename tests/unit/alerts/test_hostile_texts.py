"""What people are shown of an alert holds no control characters, whatever it came with, and names are one line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.alerts.samples import document, names, parsed
from vibedata import alerts
from vibedata.alerts import explaining

# Escapes of a terminal (7 and 8 bits), a right-to-left override, nothing wide, NUL, another line that looks like ours.
HOSTILE = "a\x1b[2J\x1b]0;t\x07\x9b2J\u202ecba\u200b\x00\u2028\nb  Closed  Error"


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, (dict, list)):
        for key, held in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(held, (*path, key))
    else:
        yield path


def changed(value: Any, path: tuple[Any, ...]) -> Any:
    """Return the value with the hostile letters behind what is at that place."""
    if not path:
        return (value if isinstance(value, str) else "") + HOSTILE
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = changed(value[path[0]], path[1:])
    return copy


def is_harmless(text: str, also: str = "") -> bool:
    return all(mark.isprintable() or mark in also for mark in text)


@pytest.mark.parametrize("name", names())
def test_no_letter_of_an_alert_reaches_a_terminal_that_it_would_obey(name: str) -> None:
    sample = document(name)
    for path in leaves(sample):
        for body in alerts.read(json.dumps(changed(sample, path)).encode()):
            alert = alerts.parse(body.document, body.shape)
            (entry,) = explaining.explain("f", [body], None)
            for line in explaining.lines(entry, alert):
                assert is_harmless(line, also="\n\t"), path
            if alert:
                for told in (
                    alert.summary,
                    alert.rule,
                    alert.rule_id,
                    alert.alert_id,
                    alert.service,
                    alert.schema,
                ):
                    assert is_harmless(told), path
                facts = [
                    dict(alert.details),
                    dict(alert.custom_properties),
                    [m.as_dict() for m in alert.metrics],
                ]
                links = [(link.name, link.url) for link in alert.links]
                told = json.dumps([facts, links], ensure_ascii=False)
                assert is_harmless(told), path


def test_a_credential_that_a_rule_quotes_is_not_in_its_sentence() -> None:
    secret = "https://st.blob.core.windows.net/c/b?sv=2024&sig=abcdefghijklmnop&se=2026"
    sample = document("metric-static-fired")
    sample["data"]["essentials"]["alertRule"] = f"see {secret}"
    alert = parsed(sample)
    assert "sig=[redacted]" in alert.summary
    assert "abcdefghijklmnop" not in alert.summary
