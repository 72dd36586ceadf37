"""How settings are declared and read, whosever they are: a file, the environment over it, each checked by its kind."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import MISSING, Field, field, fields
from pathlib import Path
from typing import Any, TypeVar

from vibedata.errors import BadInput

S = TypeVar("S")


def setting(doc: str, default: Any = MISSING) -> Any:
    """Declare a setting of a dataclass, with what docs/settings.md says of it; without a default it is required."""
    if default is MISSING:
        return field(metadata={"doc": doc})
    if isinstance(default, (list, dict)):
        return field(default_factory=lambda: type(default)(default), metadata={"doc": doc})
    return field(default=default, metadata={"doc": doc})


def read(kind: type[S], environ: Mapping[str, str], file: Path | None = None) -> S:
    """Return the settings of a dataclass: `file`, where there is one, then `VIBEDATA_<NAME>` over it.

    Raises BadInput (settings-unreadable, settings-missing, settings-invalid).
    """
    declared = _declared(kind)
    values = {**(_from_file(file) if file else {}), **_from_environment(declared, environ)}
    required = [f.name for f in declared if f.default is MISSING and f.default_factory is MISSING]
    missing = [name for name in required if name not in values]
    if missing:
        raise BadInput(
            "settings-missing",
            f"No value for {', '.join(missing)} in {f'{file} or ' if file else ''}the environment.",
            hint=f'Set VIBEDATA_{missing[0].upper()}, or `eval "$(python -m local_stack env)"` locally.',
            detail={"missing": missing, "file": str(file) if file else ""},
        )
    for one in declared:
        if one.name in values:
            _check(one, values[one.name])
    known = {one.name for one in declared}
    return kind(**{name: value for name, value in values.items() if name in known})


def _declared(kind: type[Any]) -> tuple[Field[Any], ...]:
    return fields(kind)


def _check(one: Field[Any], value: Any) -> None:
    if not _fits(value, str(one.type)):
        raise BadInput(
            "settings-invalid",
            f"The setting {one.name} is {str(value)[:100]!r}, which is no {one.type}.",
            hint="Correct it in the deployment's parameters; docs/settings.md lists every setting.",
        )


def _fits(value: Any, kind: str) -> bool:
    if kind == "list[str]":
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    if kind == "float":
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return is_number and math.isfinite(value) and value >= 0
    if kind == "int":
        return type(value) is int
    return isinstance(value, str)


def _from_file(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise BadInput(
            "settings-unreadable",
            f"{path}: {error}",
            hint="Run the phase again: its Run Command rewrites the file.",
        ) from error
    if not isinstance(document, dict):
        raise BadInput(
            "settings-unreadable", f"{path} holds no object.", hint="Write one JSON object of settings."
        )
    return document


def _from_environment(declared: tuple[Field[Any], ...], environ: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for one in declared:
        text = environ.get(f"VIBEDATA_{one.name.upper()}")
        if text is not None:
            values[one.name] = _parse(one.name, str(one.type), text)
    return values


def _parse(name: str, kind: str, text: str) -> Any:
    if kind == "list[str]":
        return [part.strip() for part in text.split(",") if part.strip()]
    if kind in ("float", "int"):
        try:
            return float(text) if kind == "float" else int(text)
        except ValueError:
            raise BadInput(
                "settings-invalid",
                f"VIBEDATA_{name.upper()}={text!r} is no number.",
                hint="Give a number; docs/settings.md says of what.",
            ) from None
    return text
