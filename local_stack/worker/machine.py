"""What a virtual machine is here: a directory, an environment, an interpreter and two users.

A process of the machine sees nothing of the stack's own environment. `python3` is the base interpreter, found
through a directory of the machine's own, so that no package of the stack leaks into it.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from local_stack.core.context import Context
from local_stack.core.errors import WireError
from local_stack.identity import imds_authority
from local_stack.worker.cloud_config import environment
from local_stack.worker.process import User

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
JOB_USER = "nobody"
OPEN = ("bin", "etc", "jobs")
OWN = ("commands", "root")
# The interpreter starts, and the way to the stack's directory is open.
SEE = "import os, sys; os.stat(sys.argv[1])"
# What a job needs: the interpreter with TLS, and to read every file given, or those right in a directory given.
REACH = """import os, ssl, sys
for top in sys.argv[1:]:
    names = [entry.path for entry in os.scandir(top) if entry.is_file()] if os.path.isdir(top) else [top]
    for name in names:
        open(name, "rb").close()
"""


class Machine:
    """One virtual machine's inside."""

    def __init__(self, ctx: Context, resource: dict[str, Any], python: Path | None = None) -> None:
        self.resource_id: str = resource["id"]
        key = f"{resource['name']}-{resource['properties']['vmId'][:8]}"
        self.directory = (ctx.directory / "vms" / key).absolute()
        self.python = python or Path(getattr(sys, "_base_executable", sys.executable)).resolve()
        self._ctx = ctx
        self._custom = environment(_custom_data(resource))
        self._job_user: User | None = None
        self._lay_out()

    def environment(self) -> dict[str, str]:
        """Return the whole environment of a process of this machine, before what its own service adds."""
        ca_file = str(self.directory / "etc" / "ca.pem")
        return {
            "PATH": f"{self.directory / 'bin'}:{SYSTEM_PATH}",
            "LANG": "C.UTF-8",
            "REQUESTS_CA_BUNDLE": ca_file,
            "SSL_CERT_FILE": ca_file,
            "AZURE_POD_IDENTITY_AUTHORITY_HOST": imds_authority(self._ctx, self.resource_id),
            **self._custom,
        }

    def job_user(self) -> User:
        """Return who runs jobs: another user than commands' where this machine allows it, else the same."""
        if self._job_user is None:
            self._job_user = self._other_user() or User()
            self._ctx.log.info("%s: %s", self.resource_id, self.status())
        return self._job_user

    def status(self) -> str:
        """Say in words who runs what, for people."""
        user = self.job_user()
        if user.name:
            return f"jobs run as {user.name}"
        return "jobs run as the stack's own user: no other can start the interpreter or reach the directories"

    def scratch(self, kind: str, name: str, user: User) -> Path:
        """Return a fresh, empty directory for one run, owned by `user`. Raises ValueError for a path."""
        if name in ("", ".", "..") or "/" in name:
            raise ValueError(f"{name!r} names no directory")
        path = self.directory / kind / name
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True, mode=0o700)
        if user.uid >= 0:
            os.chown(path, user.uid, user.gid)
        return path

    def _lay_out(self) -> None:
        for folder in (*OPEN, *OWN):
            (self.directory / folder).mkdir(parents=True, exist_ok=True)
            (self.directory / folder).chmod(0o755 if folder in OPEN else 0o700)
        link = self.directory / "bin" / "python3"
        if not link.is_symlink() or link.readlink() != self.python:
            link.unlink(missing_ok=True)
            link.symlink_to(self.python)
        ca_file = self.directory / "etc" / "ca.pem"
        ca_file.write_bytes(self._ctx.tls.ca_file.read_bytes())
        ca_file.chmod(0o644)

    def _other_user(self) -> User | None:
        if os.geteuid() != 0:
            return None
        try:
            entry = pwd.getpwnam(JOB_USER)
        except KeyError:
            return None
        user = User(entry.pw_uid, entry.pw_gid, JOB_USER)
        if not self._succeeds(user, SEE, str(self._ctx.directory.absolute())):
            return None
        self._open_the_way()
        reached = [value for value in self._custom.values() if value.startswith("/") and Path(value).exists()]
        can = self._succeeds(user, REACH, str(self.directory / "etc" / "ca.pem"), *reached)
        return user if can else None

    def _open_the_way(self) -> None:
        """Let others pass through the stack's directory to the machines', and see nothing else in it.

        A link is left alone: what it leads to is not the stack's.
        """
        for entry in self._ctx.directory.iterdir():
            if entry.name != "vms" and not entry.is_symlink():
                with contextlib.suppress(FileNotFoundError):  # a draft that got its name meanwhile
                    entry.chmod(entry.stat().st_mode & 0o700)
        self._ctx.directory.chmod(0o711)

    def _succeeds(self, user: User, program: str, *arguments: str) -> bool:
        try:
            tried = subprocess.run(
                [str(self.python), "-I", "-S", "-c", program, *arguments],
                user=user.uid,
                group=user.gid,
                extra_groups=[],
                cwd="/",
                env={},
                capture_output=True,
                timeout=30,
                check=False,
            )
        except OSError:  # the interpreter cannot be started by that user
            return False
        return tried.returncode == 0


class Machines:
    """The machines of a stack, by the id of their VM."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._known: dict[str, tuple[dict[str, Any], Machine]] = {}

    def get(self, vm_id: str) -> Machine:
        """Return the machine of a VM resource. Raises WireError (ResourceNotFound)."""
        resource = self._ctx.resources.get(vm_id)
        if resource is None:
            raise WireError(404, "ResourceNotFound", f"The Resource '{vm_id}' was not found.")
        known = self._known.get(resource["id"].lower())
        if known is None or known[0] != resource:  # a VM that was put again may have other custom data
            known = (resource, Machine(self._ctx, resource))
            self._known[resource["id"].lower()] = known
        return known[1]

    def status(self) -> dict[str, str]:
        """Say of each machine that ran something who runs what on it."""
        return {machine.resource_id: machine.status() for _, machine in self._known.values()}


def _custom_data(resource: dict[str, Any]) -> str:
    profile = resource.get("properties", {}).get("osProfile") or {}
    return str(profile.get("customData") or "")
