"""Copying artifacts from registry to registry: `python -m oci copy` against skopeo and against the plain protocol.

Every side is a process of its own, start-up included, as people run it. Before each run the target is wiped and
restarted, and skopeo's memory of where blobs lie is removed.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.measure import OURS, Case, Goal, Limit, Run, Sample, Unavailable
from bench.registries import Registries, registries

SKOPEO, SKOPEO_4, SKOPEO_SYNC = "skopeo copy", "skopeo copy, four at once", "skopeo sync"
PEAK, CPU = "peak RSS MB", "CPU s"
LAUNCHER = Path(__file__).with_name("launch.py")
TYPE = "application/vnd.example.artifact.v1"
MEMORY_OF_SKOPEO = (Path("/var/lib/containers/cache"), Path.home() / ".local/share/containers/cache")


@dataclass(frozen=True)
class Load:
    """What is copied, and how many at once."""

    count: int
    size: int
    at_once: int

    @property
    def plain(self) -> str:
        """The name of the plain protocol's side."""
        return f"the plain protocol, c={self.at_once}"


class Copying:
    """The sides of one case, over one pair of registries."""

    def __init__(self, there: Registries, load: Load) -> None:
        self._there = there
        self._load = load
        self._home = there.directory
        self._list = self._home / "list.txt"
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self._home),
            "PYTHONPATH": str(Path(__file__).resolve().parents[1]),
            "SSL_CERT_FILE": str(there.ca_file),
            "OCI_USERNAME": there.username,
            "OCI_PASSWORD": there.password,
            "BENCH_TOKENS": f"https://{there.tokens.host}/oauth2/token",
        }
        self._prepare_skopeo()

    def fill(self) -> None:
        """Pack the artifacts and push them to the source, each in a repository of its own."""
        from oci.auth import Password
        from oci.copying import copy
        from oci.layout import Layout
        from oci.package import pack_files
        from oci.registry import Registry

        there, signed = self._there, Password(self._there.username, self._there.password)
        source = Registry(there.source.host, signed, ca_file=there.ca_file, token_hosts=(there.tokens.host,))
        with tempfile.TemporaryDirectory(dir=self._home) as name:
            for number in range(self._load.count):
                layout = Layout.create(Path(name, str(number)))
                pack_files(
                    {"f": os.urandom(self._load.size)}, layout, artifact_type=TYPE, layer_type=TYPE, tag="1"
                )
                copy(layout, "1", source.repository(f"bench/{number:03}"), tag="1")
                shutil.rmtree(Path(name, str(number)))
        self._list.write_text("".join(f"{source} {target}\n" for source, target in self._pairs()), "utf-8")

    def ours(self) -> Sample:
        """Copy with our command."""
        command = [
            *(sys.executable, "-m", "oci", "copy", "--list", str(self._list)),
            *("--jobs", str(self._load.at_once), "--token-host", self._there.tokens.host),
        ]
        return self._measured([command])

    def plain(self) -> Sample:
        """Copy with the plain protocol."""
        command = [sys.executable, "-m", "bench.plain_copy", str(self._list), str(self._load.at_once)]
        return self._measured([command])

    def skopeo(self) -> Sample:
        """Copy with one skopeo after the other."""
        return self._measured(self._skopeo_commands())

    def skopeo_4(self) -> Sample:
        """Copy with skopeo under `xargs -P4`."""
        lines = "".join(f"docker://{source} docker://{target}\n" for source, target in self._pairs())
        (self._home / "xargs.txt").write_text(lines, "utf-8")
        call = ["xargs", "-a", str(self._home / "xargs.txt"), "-P4", "-L1", *self._skopeo("copy")]
        return self._measured([call])

    def skopeo_sync(self) -> Sample:
        """Copy with one skopeo for all."""
        names = "".join(f"    bench/{number:03}: ['1']\n" for number in range(self._load.count))
        (self._home / "sync.yaml").write_text(f"{self._there.source.host}:\n  images:\n{names}", "utf-8")
        places = ["--src", "yaml", "--dest", "docker", str(self._home / "sync.yaml")]
        call = [*self._skopeo("sync"), *places, f"{self._there.target.host}/synced"]
        return self._measured([call])

    def _pairs(self) -> list[tuple[str, str]]:
        names = [f"bench/{number:03}:1" for number in range(self._load.count)]
        return [(f"{self._there.source.host}/{name}", f"{self._there.target.host}/{name}") for name in names]

    def _measured(self, commands: Sequence[Sequence[str]]) -> Sample:
        self._there.target.wipe()
        for folder in MEMORY_OF_SKOPEO:
            for file in folder.glob("blob-info-cache-*"):
                file.unlink(missing_ok=True)
        done = subprocess.run(
            [sys.executable, "-I", "-S", str(LAUNCHER)], input=json.dumps({"commands": commands}),
            env=self._environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        told = json.loads(done.stdout)
        if told["failed"]:
            raise RuntimeError(done.stderr[-2000:])
        facts = {PEAK: round(told["peak"] / 1024, 1), CPU: round(told["cpu"], 2)}
        return Sample(told["seconds"], facts)

    def _skopeo(self, verb: str) -> list[str]:
        policy, sign_in = str(self._home / "policy.json"), str(self._home / "auth.json")
        call = ["skopeo", "--policy", policy, verb, "--authfile", sign_in]
        return [*call, "--quiet"] if verb == "copy" else call

    def _skopeo_commands(self) -> list[list[str]]:
        return [
            [*self._skopeo("copy"), f"docker://{source}", f"docker://{target}"]
            for source, target in self._pairs()
        ]

    def _prepare_skopeo(self) -> None:
        pair = base64.b64encode(f"{self._there.username}:{self._there.password}".encode()).decode()
        hosts = (self._there.source.host, self._there.target.host)
        auths = {"auths": {host: {"auth": pair} for host in hosts}}
        (self._home / "auth.json").write_text(json.dumps(auths), "utf-8")
        (self._home / "policy.json").write_text('{"default": [{"type": "insecureAcceptAnything"}]}', "utf-8")


@contextlib.contextmanager
def sides(load: Load, *, others: bool = False) -> Iterator[Mapping[str, Run]]:
    """Start and fill the registries and yield the sides. Raises Unavailable."""
    if shutil.which("skopeo") is None:
        raise Unavailable("skopeo is not installed (Debian: apt-get install skopeo)")
    with registries() as there:
        copying = Copying(there, load)
        copying.fill()
        more = {SKOPEO_4: copying.skopeo_4, SKOPEO_SYNC: copying.skopeo_sync} if others else {}
        yield {OURS: copying.ours, SKOPEO: copying.skopeo, load.plain: copying.plain, **more}


SMALL = Load(50, 10_000, 8)
LARGE = Load(5, 100_000_000, 5)
HUGE = Load(5, 1_000_000_000, 5)
CASES = [
    Case(
        "copy-small",
        "copy 50 artifacts of 10 KB from registry to registry",
        lambda: sides(SMALL, others=True),
        goals=[Goal(SKOPEO, at_most=0.40), Goal(SMALL.plain, at_most=1.1)],
        limits=[Limit(PEAK, 100)],
    ),
    Case(
        "copy-large",
        "copy 5 artifacts of 100 MB from registry to registry",
        lambda: sides(LARGE),
        goals=[Goal(SKOPEO, at_most=0.90), Goal(LARGE.plain, at_most=1.1)],
        limits=[Limit(PEAK, 100)],
    ),
]


def main() -> int:
    """Run each side of a load once, for a look: `python -m bench.copying [--large | --huge] [SIDE …]`."""
    parser = argparse.ArgumentParser("python -m bench.copying", description=main.__doc__)
    parser.add_argument("--large", action="store_const", const=LARGE, dest="load", default=SMALL)
    parser.add_argument(
        "--huge", action="store_const", const=HUGE, dest="load", help="5 x 1 GB, 10 GB of disk"
    )
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("names", nargs="*", help="sides; none: all")
    given = parser.parse_args()
    with sides(given.load, others=given.load is SMALL) as found:
        for _ in range(given.runs):
            for name, run in found.items():
                if not given.names or name in given.names:
                    sample = run()
                    print(
                        f"{name:32} {sample.seconds if sample else 0:.3f} s  {dict(sample.facts) if sample else ''}"
                    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
