"""Broken sources: whatever a file holds, the compiler answers with diagnostics, soon, and never with an exception."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from tests.bicep.source import compiled

BICEP = Path(__file__).resolve().parents[2] / "bicep"
PIECES = [
    "'''", "${", "}", "{", "[", "]", "(", ")", "\n", ":", "=", "?", "::", ".", "!", "@", "...", "'", "for", "if", "=>",
    "-", "9" * 30, "\\", "existing", "//", "/*", "😀", ",", "^", "any(", "[for x in y: ", "\0", "\r",
    "#disable-next-line ",
]  # fmt: skip


def mutated(text: str, chance: random.Random) -> str:
    """Return the text cut short, with something put in, taken out, or repeated elsewhere."""
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(text) + 1)
        kind = chance.randrange(4)
        if kind == 0:
            text = text[:at]
        elif kind == 1:
            text = text[:at] + chance.choice(PIECES) + text[at:]
        elif kind == 2:
            text = text[:at] + text[at + chance.randint(1, 30) :]
        else:
            start = chance.randrange(len(text) + 1)
            text = text[:at] + text[start : start + chance.randint(1, 200)] + text[at:]
    return text


@pytest.mark.parametrize("seed", range(4))
def test_mutated_sources_give_diagnostics_only(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    sources = sorted(BICEP.rglob("*.bicep"))
    for _ in range(12):
        text = mutated(chance.choice(sources).read_text("utf-8"), chance)
        built, found = compiled(tmp_path, text)
        assert (built is None) == any(each.is_error for each in found)


@pytest.mark.parametrize(
    "text",
    [
        f"var a = {'(' * 5000}",
        f"var a = {'[' * 5000}",
        f"var a = {'{ a: ' * 5000}",
        f"var a = {'!' * 5000}true",
        f"var a = {'1 + ' * 5000}1",
        f"var a = b{'.c' * 5000}",
        f"var a = {'true ? ' * 5000}",
        "var a = '" + "${'" * 3000,
        "resource a 'A/b@2020-01-01' = {\n" * 1000,
        "@" * 5000,
        "'''" * 3001,
        "/*" * 5000,
    ],
    ids=lambda text: text[8:16],
)
def test_deep_and_long_sources_end_soon(tmp_path: Path, text: str) -> None:
    began = time.thread_time()
    built, found = compiled(tmp_path, text)
    assert built is None and any(each.is_error for each in found)
    assert time.thread_time() - began < 10


def test_a_long_chain_of_variables_compiles(tmp_path: Path) -> None:
    text = "var v0 = 1\n" + "".join(f"var v{n} = v{n - 1}\n" for n in range(1, 400))
    built, _ = compiled(tmp_path, text)
    assert built is not None and built["variables"]["v399"] == "[variables('v398')]"


def test_values_that_double_with_every_variable_are_refused(tmp_path: Path) -> None:
    text = "resource r 'A/b@2020-01-01' = {\n  name: 'x'\n}\nvar v0 = r.properties.x\n"
    text += "".join(f"var v{n} = '${{v{n - 1}}}${{v{n - 1}}}'\n" for n in range(1, 40))
    built, found = compiled(tmp_path, f"{text}output o string = v39\n")
    assert built is None and any(each.code == "VBC002" for each in found)
