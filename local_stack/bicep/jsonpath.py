"""The plain part of JSONPath: names and numbers. The rest is refused, for its results would differ in small ways."""

from __future__ import annotations

import re
from typing import Any

_STEP = re.compile(r"\.?([A-Za-z_$][A-Za-z0-9_]*)|\[(\d+)\]|\['([^']*)'\]")


def select(value: Any, path: str) -> Any:
    """Return what a path points at. Raises Unreadable."""
    from local_stack.bicep.files import Unreadable

    at = 1 if path.startswith("$") else 0
    while at < len(path):
        match = _STEP.match(path, at)
        if match is None:
            raise Unreadable(
                "VBC001", f"The JSONPath '{path}' is not supported by this stand-in for the Bicep compiler."
            )
        try:
            value = value[int(match[2])] if match[2] else value[match[1] or match[3]]
        except (KeyError, IndexError, TypeError):
            message = "Specified JSONPath does not exist in the given file or is invalid."
            raise Unreadable("BCP235", message) from None
        at = match.end()
    return value
