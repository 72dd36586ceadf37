"""Documents to fire: the project's own samples, each made an alert of its own. Knows nothing of the suite's code."""

from __future__ import annotations

import copy
import json
import random
import re
import string
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

SAMPLES = Path(__file__).resolve().parents[1] / "data" / "alerts"
LEGACY_SHARE = 0.04
LARGE_SHARE = 0.01
LARGE_BYTES = (50_000, 150_000)  # from 49,152 bytes on, base64 exceeds what a queue message holds
RULES = 40  # copies of each sample's rule,
EPOCH = 5_000  # others after so many events: what one closes is what lately opened, as in life
MARK = "soakEvent"
_NAMES = ("BudgetName", "AlertRuleName", "SmartDetectorName")  # of the older schemas without properties
_MARKED = re.compile(rf" {MARK}=(\d+)$")

Document = dict[str, Any]


@dataclass(frozen=True)
class Story:
    """What one alert tells: that it fired, and for some that it was resolved."""

    fired: Document
    resolved: Document | None = None


class Samples:
    """The samples as stories, about other resources where `names` says what to replace by what."""

    def __init__(self, names: Mapping[str, str]) -> None:
        read = [_read(file, names) for file in sorted(SAMPLES.glob("*.json"))]
        documents = [
            one for one in read if "essentials" not in one.get("properties", {})
        ]  # no action group sends those
        common = [document for document in documents if essentials(document)]
        self._legacy = [document for document in documents if not essentials(document)]
        ends = {
            _alert_id(one): one for one in common if essentials(one).get("monitorCondition") == "Resolved"
        }
        self._stories = [
            Story(one, ends.get(_alert_id(one)))
            for one in common
            if essentials(one).get("monitorCondition") != "Resolved"
        ]

    def story(self, rng: random.Random, number: int) -> Story:
        """Return a sample as an alert of its own: its id, its rule, sometimes large."""
        if rng.random() < LEGACY_SHARE:
            return Story(copy.deepcopy(rng.choice(self._legacy)))
        found = rng.choice(self._stories)
        fresh = "".join(rng.choices(string.hexdigits.lower()[:16], k=12))
        padding = "x" * rng.randint(*LARGE_BYTES) if rng.random() < LARGE_SHARE else ""
        rule = f"-{number // EPOCH}-{rng.randrange(RULES):02d}"

        def own(document: Document) -> Document:
            made = copy.deepcopy(document)
            told = essentials(made)
            told["alertId"] = f"{told['alertId'].rpartition('/')[0]}/{number:08x}-50a4-4000-8000-{fresh}"
            for name in ("alertRule", "alertRuleID"):
                if told.get(name):
                    told[name] += rule
            context = made["data"].get("alertContext")
            if padding and isinstance(context, dict):
                context["soakPadding"] = padding
            return made

        return Story(own(found.fired), own(found.resolved) if found.resolved else None)


def essentials(document: Document) -> Document:
    """Return a document's essentials; none where it is of an older schema."""
    data = document.get("data")
    found = data.get("essentials") if isinstance(data, dict) else None
    return found if isinstance(found, dict) else {}


def timed(document: Document, fired: datetime, resolved: datetime | None = None) -> Document:
    """Return a document with its times, as Azure writes them: seven digits of fraction."""
    told = essentials(document)
    if told:
        told["firedDateTime"] = _stamp(fired)
        if resolved:
            told["resolvedDateTime"] = _stamp(resolved)
    return document


def marked(document: Document, number: int) -> Document:
    """Return a document that carries the number of its logical event where a rule's own properties stand."""
    if essentials(document):
        given = document["data"].get("customProperties") or {}
        document["data"]["customProperties"] = {**given, MARK: str(number)}
        return document
    place = document["data"] if isinstance(document.get("data"), dict) else document
    for name in set(_NAMES) & set(place):
        place[name] = f"{place[name]} {MARK}={number}"
        return document
    place["properties"] = {**(place.get("properties") or {}), MARK: str(number)}
    return document


def mark_of(details: Mapping[str, Any]) -> int | None:
    """Return the number that a row's Details carry."""
    told = (details.get("customProperties") or {}).get(MARK)
    named = _MARKED.search(str(details.get("rule")))
    return int(told) if told else int(named.group(1)) if named else None


def recased(document: Document) -> Document:
    """Return the same delivery as another part of Azure might write it: the id in other case, fields turned round."""
    made = dict(reversed(list(copy.deepcopy(document).items())))
    told = essentials(made)
    if told:
        told["alertId"] = str(told["alertId"]).upper()
    return made


def _read(file: Path, names: Mapping[str, str]) -> Document:
    text = file.read_text("utf-8")
    for old, new in names.items():
        text = text.replace(old, new)
    document: Document = json.loads(text)
    return document


def _alert_id(document: Document) -> str:
    return str(essentials(document).get("alertId")).lower()


def _stamp(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f") + "3Z"
