"""The import table: entrances → wiring, flows → ports, nouns → errors; adapters are known only to wiring."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# What is no noun: entrances, wiring, the ports and what stands on them.
NO_NOUNS = {
    *("__main__", "entry", "cli", "commands", "console", "day0", "deploying", "options", "release_commands"),
    *(
        "receipt_commands",
        "holding",
        "alert_commands",
        "alert_store_commands",
        "alert_console",
        "deploy_commands",
        "package_commands",
    ),
    *("wiring", "ports", "recorder", "settings", "sweep", "registry_copy", "release_proof", "deciding"),
    "deployment_record",
    *("alert_settings", "alert_send_command", "configuration"),
}
OURS = {"vibedata", "oci", "local_stack", "demo", "tools", "runbooks", "functions_app", "tests", "bench"}


def imports(path: Path) -> Iterator[str]:
    """Yield the dotted names that a file imports, at any depth."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def files(folder: str) -> list[Path]:
    """Return the Python files below a folder of the repository."""
    return sorted((ROOT / folder).rglob("*.py"))


def stray(path: Path, forbidden: tuple[str, ...]) -> list[str]:
    """Return what a file imports of the forbidden prefixes."""
    return [name for name in imports(path) if name.startswith(forbidden)]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", files("oci"), ids=name_of)
def test_oci_imports_nothing_of_ours(path: Path) -> None:
    assert not [name for name in imports(path) if name.split(".")[0] in OURS - {"oci"}]


@pytest.mark.parametrize("path", files("local_stack"), ids=name_of)
def test_local_stack_imports_nothing_of_ours(path: Path) -> None:
    assert not [name for name in imports(path) if name.split(".")[0] in OURS - {"local_stack"}]


@pytest.mark.parametrize("path", files("vibedata/flows"), ids=name_of)
def test_flows_know_ports_and_nouns_only(path: Path) -> None:
    assert not stray(
        path,
        ("azure", "oci", "requests", "socket", "vibedata.adapters", "vibedata.wiring", "vibedata.flows."),
    )


@pytest.mark.parametrize(
    "path", [*sorted((ROOT / "vibedata").glob("*.py")), *files("vibedata/ports")], ids=name_of
)
def test_nouns_and_entrances_leave_the_sdks_to_adapters(path: Path) -> None:
    assert not stray(path, ("azure", "requests", "socket", "oras"))
    assert not stray(path, ("vibedata.adapters",))


@pytest.mark.parametrize("path", [ROOT / "function_app.py", *files("functions_app")], ids=name_of)
def test_functions_translate_and_leave_the_rest_to_flows_and_wiring(path: Path) -> None:
    allowed = ("azure.functions", "functions_app", "vibedata.flows", "vibedata.wiring.functions")
    nouns = ("vibedata.alerts", "vibedata.errors")
    known = tuple(name for name in imports(path) if name.split(".")[0] in (OURS | {"azure"}))
    assert not [name for name in known if not name.startswith((*allowed, *nouns))]


@pytest.mark.parametrize("path", files("vibedata"), ids=name_of)
def test_only_the_entrances_know_the_functions_library(path: Path) -> None:
    assert not stray(path, ("azure.functions", "functions_app", "function_app"))


@pytest.mark.parametrize(
    "path", [*files("vibedata"), ROOT / "function_app.py", *files("functions_app")], ids=name_of
)
def test_nothing_that_ships_knows_the_local_stack(path: Path) -> None:
    assert not stray(path, ("local_stack", "demo", "tests", "tools", "bench"))


@pytest.mark.parametrize("path", files("vibedata/adapters"), ids=name_of)
def test_adapters_do_not_reach_up(path: Path) -> None:
    assert not stray(path, ("vibedata.flows", "vibedata.wiring", "vibedata.cli", "vibedata.entry"))


@pytest.mark.parametrize("path", files("runbooks"), ids=name_of)
def test_runbooks_are_ascii_and_use_the_standard_library_only(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.isascii()
    assert not [name for name in imports(path) if name.split(".")[0] in OURS]


@pytest.mark.parametrize(
    "path",
    [
        *[p for p in sorted((ROOT / "vibedata").glob("*.py")) if p.stem not in NO_NOUNS],
        *files("vibedata/alerts"),
    ],
    ids=name_of,
)
def test_nouns_are_pure(path: Path) -> None:
    """A noun knows nouns: no flow, no wiring, no clock, no environment, no network."""
    reach = tuple(f"vibedata.{name}" for name in sorted(NO_NOUNS) if name != "ports")
    assert not stray(path, (*reach, "vibedata.flows", "os", "subprocess", "urllib.request", "time"))
    assert "datetime.now" not in path.read_text("utf-8")
