"""Alerts as no document describes them: fields dropped, nulled, retyped, deepened, cut off, re-cased, doubled."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tests.unit.alerts.samples import document, names
from vibedata.alerts import MAX_DEPTH

Path = tuple["str | int", ...]
MAX_PATH = 60
MOST_DEEP = 200
DOUBLED = "\u2063"  # marks a key's second copy; taken off in the JSON text, so that the key is there twice

OTHERS: list[Any] = [
    *(
        None,
        True,
        False,
        0,
        -1,
        3.5,
        10**30,
        1e308,
        "",
        " ",
        "x",
        "null",
        "NaN",
        "Fired",
        "Sev9",
        "$1,1,1.1.1",
    ),
    *("9999-99-99T99:99:99Z", "/subscriptions/", "/" * 300, "\u0000\ud800", "é" * 5000, "{", "[", "{}", "[]"),
    *('{"a": {"b": [1, null]}}', "['x', \"y\"]", "https://", "https://x y", "12.7m", "%00", "🙂"),
    *([], {}, [[]], [None], [{}], {"": ""}, {"a": None}, [1, "a", None, {"b": []}], {"name": 1, "value": []}),
    *({"essentials": {}}, {"records": []}, {"resourceId": 5}, [["a"], {"name": "n"}], list(range(300))),
    *({str(number): number for number in range(600)}, "x" * 70_000, ["y" * 3000] * 150),
]


@dataclass(frozen=True)
class Mutant:
    """A changed sample: its bytes, and how deep it nests."""

    name: str
    done: tuple[str, ...]
    raw: bytes
    depth: int

    @property
    def is_too_deep(self) -> bool:
        return self.depth > MAX_DEPTH


def paths(value: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the path of every field and item below a value, some levels down."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, held in parts:
        yield (*path, key)
        if len(path) < MAX_PATH:
            yield from paths(held, (*path, key))


@st.composite
def mutants(draw: st.DrawFn, changes: int = 3, below: str = "", keep: frozenset[str] = frozenset()) -> Mutant:
    """Draw a sample with up to `changes` changes below a path; fields of the names in `keep` are left alone."""
    name = draw(st.sampled_from(names()))
    changed: Any = document(name)
    done = []
    for _ in range(draw(st.integers(1, changes))):
        places = [
            path
            for path in paths(changed)
            if not keep & {str(part).lower() for part in path} and ".".join(map(str, path)).startswith(below)
        ]
        if not places:
            break
        path = draw(st.sampled_from(places))
        how = draw(st.sampled_from(sorted(CHANGES)))
        CHANGES[how](draw, holder(changed, path), path[-1])
        done.append(f"{how} {'.'.join(map(str, path))}")
    text = json.dumps(changed, ensure_ascii=draw(st.booleans()), sort_keys=draw(st.booleans()))
    raw = text.replace("\\u2063", "").replace(DOUBLED, "").encode(errors="surrogatepass")
    return Mutant(name, tuple(done), raw, depth(changed))


def holder(value: Any, path: Path) -> Any:
    """Return what holds the field at `path`."""
    for part in path[:-1]:
        value = value[part]
    return value


def depth(value: Any) -> int:
    """Return how deep a value nests, without recursion."""
    deepest, stack = 0, [(value, 1)]
    while stack:
        one, level = stack.pop()
        if isinstance(one, (dict, list)):
            deepest = max(deepest, level)
            stack += [(held, level + 1) for held in (one.values() if isinstance(one, dict) else one)]
    return deepest


def _drop(_: st.DrawFn, held: Any, key: Any) -> None:
    del held[key]


def _null(_: st.DrawFn, held: Any, key: Any) -> None:
    held[key] = None


def _retype(draw: st.DrawFn, held: Any, key: Any) -> None:
    held[key] = copy.deepcopy(draw(st.sampled_from(OTHERS)))


def _deepen(draw: st.DrawFn, held: Any, key: Any) -> None:
    for _ in range(draw(st.sampled_from([1, 2, 5, 40, 90, 150]))):
        if depth(held[key]) < MOST_DEEP:
            held[key] = _wrapped(held[key])


def _wrapped(value: Any) -> Any:
    """Wrap a value once, in an object or a list by turns."""
    return [value] if isinstance(value, dict) else {"deep": value}


def _truncate(draw: st.DrawFn, held: Any, key: Any) -> None:
    value = held[key]
    if isinstance(value, (str, list)):
        held[key] = value[: draw(st.integers(0, len(value)))]
    elif isinstance(value, dict):
        held[key] = dict(list(value.items())[: draw(st.integers(0, len(value)))])
    else:
        held[key] = str(value)[:1]


def _recase(draw: st.DrawFn, held: Any, key: Any) -> None:
    if isinstance(held, dict):
        value = held.pop(key)
        held[draw(st.sampled_from([key.upper(), key.lower(), key.swapcase(), key.title()]))] = value
    elif isinstance(held[key], str):
        held[key] = held[key].swapcase()


def _double(draw: st.DrawFn, held: Any, key: Any) -> None:
    if isinstance(held, dict):
        other = held[key] if draw(st.booleans()) else draw(st.sampled_from(OTHERS))
        held[f"{key}{DOUBLED}"] = copy.deepcopy(other)
    else:
        held.append(copy.deepcopy(held[key]))


CHANGES = {
    "drop": _drop,
    "null": _null,
    "retype": _retype,
    "deepen": _deepen,
    "truncate": _truncate,
    "re-case": _recase,
    "double": _double,
}
