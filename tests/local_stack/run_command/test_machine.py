"""What a process on a machine is, tried on the machine itself."""

from __future__ import annotations

import asyncio
import base64
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_stack.core.context import Context
from local_stack.core.errors import WireError
from local_stack.worker import cloud_config
from local_stack.worker.machine import Machine, Machines
from local_stack.worker.process import Command, Lines, Tail, User, run
from tests.local_stack.automation.test_jobs import alive, gone

PYTHON = Path(getattr(sys, "_base_executable", sys.executable))
VM = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/vm"
SYSTEM_PYTHON = Path("/usr/bin/python3")
CAN_DROP = os.name == "posix" and os.geteuid() == 0 and SYSTEM_PYTHON.exists()


@pytest.fixture
def ctx(tmp_path: Path) -> Iterator[Context]:
    context = Context(tmp_path / "stack")
    yield context
    context.store.close()
    context.addresses.close()


def machine(ctx: Context, config: str = "", python: Path | None = None) -> Machine:
    data = base64.b64encode(config.encode()).decode()
    properties = {"vmId": "0b8e6a0c-6a8a-4a9e", "osProfile": {"customData": data}}
    return Machine(ctx, ctx.resources.put(VM, {"properties": properties}), python)


def shell(script: str, directory: Path) -> Command:
    return Command(["/bin/sh", "-c", script], directory, {"PATH": "/usr/bin:/bin"})


def test_cloud_config_gives_the_lines_of_etc_environment_only() -> None:
    config = """#cloud-config
packages: [git]
write_files:
- path: /etc/other
  content: NO=1
- path: /etc/environment
  append: true
  content: |
    HOME_OF=/srv/x
    export QUOTED="a b"
    # A=comment
    no line
    9BAD=1
"""
    assert cloud_config.environment(base64.b64encode(config.encode()).decode()) == {
        "HOME_OF": "/srv/x",
        "QUOTED": "a b",
    }


@pytest.mark.parametrize("text", ["", "!", "#!/bin/sh\nexport A=1", "#cloud-config\n[", "#cloud-config\n- a"])
def test_other_custom_data_has_no_effect(text: str) -> None:
    assert cloud_config.environment(base64.b64encode(text.encode()).decode()) == {}
    assert cloud_config.environment(text) == {}


def test_python_of_a_machine_is_the_base_interpreter(ctx: Context) -> None:
    link = machine(ctx).directory / "bin" / "python3"
    assert link.resolve() == PYTHON.resolve()
    told = subprocess.check_output(
        [link, "-c", "import sys; print(sys.prefix == sys.base_prefix)"], text=True, env={}
    )
    assert told == "True\n"


def test_unknown_machine_is_not_found(ctx: Context) -> None:
    with pytest.raises(WireError) as caught:
        Machines(ctx).get(VM)
    assert caught.value.status == 404


def test_machine_put_again_has_its_new_environment(ctx: Context) -> None:
    machines = Machines(ctx)
    machine(ctx, "#cloud-config\nwrite_files: [{path: /etc/environment, content: A=1}]")
    assert machines.get(VM).environment()["A"] == "1"
    machine(ctx, "#cloud-config\nwrite_files: [{path: /etc/environment, content: A=2}]")
    assert machines.get(VM).environment()["A"] == "2"


@pytest.mark.skipif(not CAN_DROP, reason="needs root and a system Python")
def test_jobs_run_as_another_user_where_the_machine_allows() -> None:
    # A directory that others may pass through; what the test runner gives is for its own user alone.
    top = Path(subprocess.check_output(["mktemp", "-d", "/tmp/stack-XXXXXX"], text=True).strip())
    top.chmod(0o755)
    try:
        context = Context(top / "stack")
        found = machine(context, python=SYSTEM_PYTHON)
        user = found.job_user()
        assert (user.name, found.status()) == ("nobody", "jobs run as nobody")
        directory = found.scratch("jobs", "one", user)
        command = Command(["/bin/sh", "-c", "id -un; touch x; cat ../../../../stack.db"], directory, {}, user)
        output, errors = Tail(4096), Tail(4096)
        asyncio.run(run(SYSTEM_PYTHON, command, stdout=output, stderr=errors))
        assert output.text == "nobody\n"
        assert "ermission denied" in errors.text
        context.store.close()
        context.addresses.close()
    finally:
        shutil.rmtree(top)


@pytest.mark.skipif(not CAN_DROP, reason="needs root and a system Python")
def test_opening_the_way_touches_nothing_outside_the_stack() -> None:
    top = Path(subprocess.check_output(["mktemp", "-d", "/tmp/stack-XXXXXX"], text=True).strip())
    top.chmod(0o755)
    try:
        outside = top / "outside"
        outside.write_text("not the stack's")
        outside.chmod(0o664)
        context = Context(top / "stack")
        (context.directory / "link").symlink_to(outside)
        (context.directory / "broken").symlink_to(top / "nowhere")
        assert machine(context, python=SYSTEM_PYTHON).job_user().name == "nobody"
        assert outside.stat().st_mode & 0o777 == 0o664
        assert top.stat().st_mode & 0o777 == 0o755
        assert (context.directory / "stack.db").stat().st_mode & 0o077 == 0
        context.store.close()
        context.addresses.close()
    finally:
        shutil.rmtree(top)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b"])
def test_scratch_is_never_outside_the_machine(ctx: Context, name: str) -> None:
    with pytest.raises(ValueError, match="names no directory"):
        machine(ctx).scratch("jobs", name, User())


def test_jobs_run_as_the_stacks_user_where_no_other_can_reach(ctx: Context, tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    found = machine(ctx, python=SYSTEM_PYTHON if SYSTEM_PYTHON.exists() else None)
    assert found.job_user().uid == -1
    assert "own user" in found.status()
    assert ctx.directory.stat().st_mode & 0o077 == 0  # and nothing was opened in vain


def test_process_gets_no_input_and_a_session_of_its_own(tmp_path: Path) -> None:
    output = Tail(4096)
    script = 'cat; echo "$(ps -o sid= -p $$)"'
    code = asyncio.run(run(PYTHON, shell(script, tmp_path), stdout=output, stderr=Tail(10)))
    assert code == 0
    assert int(output.text) != os.getsid(0)


@pytest.mark.parametrize(("script", "code"), [("exit 9", 9), ("kill -9 $$", 137), ("/no/such", 127)])
def test_exit_code_is_a_shells(tmp_path: Path, script: str, code: int) -> None:
    assert asyncio.run(run(PYTHON, shell(script, tmp_path), stdout=Tail(10), stderr=Tail(10))) == code


def test_program_that_cannot_be_started_is_127(tmp_path: Path) -> None:
    errors = Tail(100)
    command = Command(["/no/such/program"], tmp_path, {})
    assert asyncio.run(run(PYTHON, command, stdout=Tail(10), stderr=errors)) == 127
    assert "No such file" in errors.text


def test_what_a_process_leaves_running_ends_with_it(tmp_path: Path) -> None:
    output = Tail(100)
    began = time.monotonic()
    asyncio.run(run(PYTHON, shell("sleep 60 & echo $!", tmp_path), stdout=output, stderr=Tail(10)))
    assert gone(int(output.text))
    assert time.monotonic() - began < 50


def test_stack_killed_with_9_takes_its_processes_along(tmp_path: Path) -> None:
    program = f"""
import asyncio
from pathlib import Path
from local_stack.worker.process import Command, Tail, run
argv = ["/bin/sh", "-c", "sleep 60 & echo $! $$ > pids; sleep 60"]
command = Command(argv, Path({str(tmp_path)!r}), {{"PATH": "/bin"}})
asyncio.run(run(Path({str(PYTHON)!r}), command, stdout=Tail(9), stderr=Tail(9)))
"""
    stack = subprocess.Popen([sys.executable, "-c", program], cwd=Path(__file__).resolve().parents[3])
    pids: list[int] = []
    deadline = time.monotonic() + 60
    while len(pids) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.02)
        if (tmp_path / "pids").exists():
            pids = [int(word) for word in (tmp_path / "pids").read_text().split()]
    assert all(alive(pid) for pid in pids)
    stack.send_signal(signal.SIGKILL)
    stack.wait()
    assert all(gone(pid) for pid in pids)


def test_tail_keeps_the_end_and_cuts_no_program_short() -> None:
    tail = Tail(5)
    for piece in (b"abc", b"defg", b"\xc3"):
        tail(piece)
    assert tail.text == "defg\ufffd"


def test_lines_are_whole_and_bounded() -> None:
    found: list[str] = []
    lines = Lines(found.append, 5)
    for piece in (b"one\r\ntw", b"o\n", b"x" * 100, b"y\n", b"last"):
        lines(piece)
    lines.close()
    assert found == ["one", "two", "xxxxx", "last"]
