"""Show what the registry knows of every component, and the health that was last found. Reads only."""

from __future__ import annotations

from typing import Any

from vibedata import health
from vibedata.errors import Blocked
from vibedata.ports import ComponentRegistry, Summary
from vibedata.registry import HEALTH, OVERALL, RELEASE, Row, components

VERB = "show_status"
SHORT_DIGEST = 12


def show_status(*, registry: ComponentRegistry) -> Summary:
    """Return the instance's release, health and components as `data`. Raises Blocked (registry-empty)."""
    rows = {row.key: row for row in registry.read()}
    known = components(rows.values())
    if not known:
        raise Blocked(
            "registry-empty",
            "The component registry holds no components yet.",
            hint="Run `vibedata bootstrap-registry` (phase 14) first.",
        )
    lines = [_line(row, rows.get(HEALTH + row.name)) for row in known]
    release = dict(rows[RELEASE].values) if RELEASE in rows else {}
    whole = _overall(rows)
    data = {"release": release, "overall": whole, "components": lines}
    return Summary(VERB, {}, f"{len(lines)} components, {whole['status']}.", data)


def _line(row: Row, found: Row | None) -> dict[str, Any]:
    facts, now = row.values, health.current(row, found)
    return {
        "name": row.name,
        "kind": facts.get("kind"),
        "version": facts.get("version"),
        "digest": facts.get("digest", ""),
        "shortDigest": facts.get("digest", "").removeprefix("sha256:")[:SHORT_DIGEST],
        "endpoint": next(iter(facts.get("endpoints", {}).values()), ""),
        "required": facts.get("required"),
        "status": now["status"],
        "reason": now["reason"],
        "message": now["message"],
        "cause": now["cause"],
        "since": now["since"],
    }


def _overall(rows: dict[str, Row]) -> dict[str, Any]:
    if OVERALL in rows:
        return dict(rows[OVERALL].values)
    return {"status": health.UNKNOWN, "reason": health.NEVER_CHECKED, "cause": [], "since": None}
