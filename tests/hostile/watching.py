"""What a run must not let out, and what watches for it: every spelling of a secret, and every child process."""

from __future__ import annotations

import base64
import json
import os
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, quote_plus

from tests.contents import files


def spellings(secret: str) -> set[bytes]:
    """Return the forms in which a secret may lie somewhere: as it is, escaped, hexadecimal, inside base64."""
    raw = secret.encode()
    found = {raw, quote(secret, safe="").encode(), quote_plus(secret).encode(), raw.hex().encode()}
    found.add(json.dumps(secret)[1:-1].encode())
    for before in range(3):  # where in a longer text it begins decides how base64 spells it
        inner = base64.b64encode(b"x" * before + raw)
        inner = inner[(0, 2, 3)[before] : len(inner) - 4]
        found |= {inner, inner.replace(b"+", b"-").replace(b"/", b"_")}
    return found


@dataclass
class Secrets:
    """Everything a run used that is nobody else's business, by what it is."""

    known: dict[str, str] = field(default_factory=dict)
    _tokens: set[str] = field(default_factory=set)
    _worked_out: tuple[tuple[int, int], dict[bytes, str]] = ((0, 0), {})

    def add(self, what: str, secret: str) -> None:
        """Know a password or the like."""
        assert len(secret) >= 8, f"{what} is too short to look for"
        self.known[what] = secret

    def add_token(self, token: str) -> None:
        """Know a token: its signature, without which it is worth nothing, and its claims."""
        self._tokens.add(token)

    @property
    def tokens(self) -> int:
        return len(self._tokens)

    def needles(self) -> dict[bytes, str]:
        """Return every form to look for, and what it is; worked out once for as many tokens as there are."""
        if self._worked_out[0] != (len(self.known), len(self._tokens)):
            self._worked_out = (len(self.known), len(self._tokens)), self._forms()
        return self._worked_out[1]

    def _forms(self) -> dict[bytes, str]:
        found = {form: what for what, secret in self.known.items() for form in spellings(secret)}
        for token in self._tokens:
            _, claims, signature = token.split(".")
            for part in (signature[:43], claims[-60:]):
                found.update(dict.fromkeys(spellings(part), "a token"))
        return found

    def found_in(self, text: bytes) -> set[str]:
        """Return what of all this a text holds."""
        return {what for needle, what in self.needles().items() if needle in text}


@dataclass(frozen=True)
class Seen:
    """One process at one moment: the words and the environment it was started with."""

    pid: int
    parent: int
    argv: bytes
    environment: bytes


class Sampler:
    """Looks at every process below this one, a few hundred times a second."""

    def __init__(self, pause: float = 0.005) -> None:
        self.seen: set[Seen] = set()
        self._ours = {os.getpid()}
        self._others: set[int] = set()
        self._pause = pause
        self._stop = threading.Event()

    @contextmanager
    def watching(self) -> Iterator[Sampler]:
        """Sample until the block ends."""
        thread = threading.Thread(target=self._run, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            thread.join()

    def _run(self) -> None:
        self._others = {pid for pid in _pids() if not self._is_ours(pid)}
        while not self._stop.is_set():
            for pid in _pids() - self._others - {os.getpid()}:
                if pid in self._ours or self._is_ours(pid):
                    self._look(pid)
                else:
                    self._others.add(pid)
            time.sleep(self._pause)

    def _is_ours(self, pid: int) -> bool:
        parent = _parent(pid)
        if parent in self._ours:
            self._ours.add(pid)
        return parent in self._ours

    def _look(self, pid: int) -> None:
        try:
            argv = Path(f"/proc/{pid}/cmdline").read_bytes()
            environment = Path(f"/proc/{pid}/environ").read_bytes()
            argv = argv or Path(f"/proc/{pid}/cmdline").read_bytes()  # it was becoming another program
        except OSError:  # it has ended
            return
        self.seen.add(Seen(pid, _parent(pid), argv, environment))


def _pids() -> set[int]:
    return {int(name) for name in os.listdir("/proc") if name.isdigit()}  # noqa: PTH208 - hundreds of times a second


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError, ValueError):
        return 0


def files_below(folders: Iterable[Path], *, leave: Iterable[Path] = ()) -> Iterator[Path]:
    """Yield the files in folders, but for those in folders that are left out."""
    left = tuple(leave)
    for folder in folders:
        for path in files(folder):
            if not any(path.is_relative_to(one) for one in left):
                yield path
