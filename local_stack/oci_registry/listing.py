"""Lists as the distribution API gives them: in pages, and as descriptors."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from aiohttp import web


def paged(request: web.Request, names: list[str]) -> tuple[list[str], dict[str, str]]:
    """Return the page asked for by `n` and `last`, and the Link header to the next one."""
    last, count = request.query.get("last", ""), request.query.get("n", "")
    left = [name for name in names if name > last] if last else names
    if not count.isdigit() or int(count) >= len(left):
        return left, {}
    shown = left[: int(count)]
    query = urlencode({"last": shown[-1] if shown else last, "n": count})
    return shown, {"Link": f'<{request.path}?{query}>; rel="next"'}


def described(digest: str, kept: dict[str, Any]) -> dict[str, Any]:
    """Return a manifest's descriptor for an index."""
    facts = {"mediaType": kept["mediaType"], "digest": digest, "size": kept["size"]}
    more = {key: kept[key] for key in ("artifactType", "annotations") if kept.get(key)}
    return {**facts, **more}
