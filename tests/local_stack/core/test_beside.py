"""The functions host beside a stack is found by what it wrote down, and nobody else's process is taken for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_stack.core.beside import FILE, functions_host, stop_functions_host

SLEEP = "import time; print(flush=True); time.sleep(60)"


@pytest.fixture
def host(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that looks like a host: by its command line it is one."""
    child = subprocess.Popen(
        [sys.executable, "-c", SLEEP, "local_stack.functions_host"], stdout=subprocess.PIPE
    )
    try:
        assert child.stdout
        child.stdout.readline()  # a process that has just been started has no command line for a moment
        note(tmp_path, child.pid)
        yield child
    finally:
        child.kill()
        child.communicate()


def note(directory: Path, process: int) -> None:
    (directory / FILE).write_text(json.dumps({"pid": process, "url": "https://127.0.0.1:1"}), "ascii")


def test_a_host_that_runs_is_found_and_stopped(tmp_path: Path, host: subprocess.Popen[bytes]) -> None:
    assert functions_host(tmp_path) == (host.pid, "https://127.0.0.1:1")
    assert stop_functions_host(tmp_path)
    assert functions_host(tmp_path) is None
    assert not stop_functions_host(tmp_path)


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="needs /proc to read command lines")
def test_a_number_that_is_another_process_by_now_is_left_alone(tmp_path: Path) -> None:
    note(tmp_path, os.getpid())
    assert functions_host(tmp_path) is None
    assert not stop_functions_host(tmp_path)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"pid": "x", "url": ""}', '{"pid": 999999999, "url": ""}'])
def test_a_file_that_says_nothing_of_use_is_no_host(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text, "ascii")
    assert functions_host(tmp_path) is None
