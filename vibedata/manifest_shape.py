"""What the contract's JSON Schema says of a manifest, each violation in words and with what to do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from vibedata.manifest_source import Path

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

_MAX_SHOWN = 60


@lru_cache(maxsize=1)
def schema() -> dict[str, Any]:
    """Return the release manifest's contract."""
    file = resources.files("vibedata.contracts") / "manifest.schema.json"
    contract: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return contract


@lru_cache(maxsize=1)
def _validator() -> Draft202012Validator:
    from jsonschema import Draft202012Validator  # a verb that reads no manifest starts sooner without it
    from jsonschema.validators import extend

    # JSON Schema calls 1.0 an integer; a serial that is a float would compare and print as another.
    types = Draft202012Validator.TYPE_CHECKER.redefine("integer", lambda _, value: type(value) is int)
    strict: Any = extend(Draft202012Validator, type_checker=types)  # type: ignore[no-untyped-call]
    validator: Draft202012Validator = strict(schema())
    return validator


def departures(document: Any) -> Iterator[tuple[Path, str, str]]:
    """Yield (path, problem, remedy) for every place where `document` departs from the schema."""
    for error in _validator().iter_errors(document):
        yield from _told(error)


def _told(error: Any) -> Iterator[tuple[Path, str, str]]:
    path = tuple(error.absolute_path)
    match error.validator:
        case "required":
            name = _missing(error)
            yield path, f"{name} is missing", _remedy_of_property(error, name)
        case "additionalProperties":
            for name in _undeclared(error):
                yield (*path, name), f"{_shown(name)} is not declared here", _remedy_of_unknown(error)
        case "not":
            yield path, f"{path[-1]} does not belong here", f"Remove it. {error.schema['description']}"
        case _:
            yield path, _problem(error), _remedy(error)


def _missing(error: Any) -> str:
    # jsonschema reports one error per missing name and tells it only in the message.
    found = re.match(r"'(.+)' is a required property", error.message)
    return found.group(1) if found else error.message


def _undeclared(error: Any) -> list[str]:
    declared = set(error.schema.get("properties", {}))
    patterns = list(error.schema.get("patternProperties", {}))
    return [n for n in error.instance if n not in declared and not any(re.search(p, n) for p in patterns)]


def _remedy_of_unknown(error: Any) -> str:
    if "patternProperties" in error.schema:
        return f"Remove it, or name it as it should be: {error.schema['description']}"
    return f"Remove it, or use one of: {', '.join(error.schema['properties'])}."


def _problem(error: Any) -> str:
    shown, limit = _shown(error.instance), error.validator_value
    wordings: dict[str, str] = {
        "const": f"{shown} is not {limit!r}",
        "enum": f"{shown} is none of the allowed values",
        "type": f"{shown} is of type {_type_of(error.instance)}, not {limit}",
        "pattern": f"{shown} has not the expected form",
        "minimum": f"{shown} is less than {limit}",
        "maximum": f"{shown} is more than {limit}",
        "minLength": f"{shown} is shorter than {limit} characters",
        "maxLength": f"{shown} is longer than {limit} characters",
        "minItems": f"it has fewer than {limit} items",
        "maxItems": f"it has more than {limit} items",
        "minProperties": f"it has fewer than {limit} entries",
        "maxProperties": f"it has more than {limit} entries",
    }
    return wordings.get(error.validator) or str(error.message)[:_MAX_SHOWN]


def _remedy(error: Any) -> str:
    if error.validator == "enum":
        return f"Use one of: {', '.join(error.validator_value)}."
    if error.validator == "const":
        return f"Write {error.validator_value!r}."
    return f"Write what belongs here: {error.schema.get('description', 'see the schema.')}"


def _remedy_of_property(error: Any, name: str) -> str:
    declared = error.schema.get("properties", {})
    return f"Add it: {_described(declared.get(name) or _anywhere(name))}"


def _described(part: Any) -> str:
    reference = str(part.get("$ref", "")).rpartition("/")[2]
    return str(part.get("description") or schema()["$defs"][reference]["description"])


def _anywhere(name: str) -> Any:
    # A property required by an if/then is declared beside it, in the definition that holds the condition.
    return next(
        (d["properties"][name] for d in schema()["$defs"].values() if name in d.get("properties", {})), None
    )


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, (str, int, float)) else ""
    text = text or f"this {_type_of(value)}"
    return text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "…"


def _type_of(value: Any) -> str:
    names = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number"}
    return names.get(type(value), "null")
