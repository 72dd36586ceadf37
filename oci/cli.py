"""`python -m oci`: what people and release scripts do with artifacts, over the code that the product uses."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from oci.actions import inspect_artifact, pack_artifact, pull_artifact, verify_artifact
from oci.auth import Credentials, Password
from oci.copy_actions import copy_artifact, copy_list, read_list
from oci.errors import OciError
from oci.output import Output
from oci.places import Places

_EXAMPLES = """\
examples:
  python -m oci pack --tree build/bundle oci:out:1.2.0 --artifact-type application/vnd.vibedata.bundle.v1 \\
      --layer-type application/vnd.vibedata.bundle.layer.v1.tar
  python -m oci pack run.py oci:out:check --artifact-type application/vnd.vibedata.runbook.v1 \\
      --layer-type application/vnd.vibedata.runbook.v1+python
  printf %s "$SECRET" | python -m oci push oci:out:1.2.0 registry.example.com/vibedata/bundle:1.2.0 \\
      --username release --password-stdin
  python -m oci pull registry.example.com/vibedata/bundle@sha256:... --to bundle
  python -m oci copy registry.example.com/vibedata/release:1.2.0 oci:/media/usb:1.2.0
  python -m oci copy --list artifacts.txt
  python -m oci inspect registry.example.com/vibedata/release:latest --output json
  python -m oci verify oci:/media/usb:1.2.0

credentials: --username with --password-stdin, or OCI_USERNAME and OCI_PASSWORD; for two registries at once
  also OCI_SOURCE_USERNAME and OCI_SOURCE_PASSWORD. Never an argument: everyone on a machine can see those.
exit codes: 0 done or nothing to do, 2 bad input, 3 someone must act, 4 try again, 5 refused or failed.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = _parser().parse_args(arguments)
    output = Output(options.output)
    try:
        signed = _credentials(options)
        source = environment_credentials("OCI_SOURCE") if options.command in ("push", "copy") else None
        options.places = Places(signed, source or signed, options.ca_file, options.token_host)
        facts = options.run(options, output)
        output.result(facts)
    except OciError as error:
        output.error(error)
        return error.exit_code
    except OSError as error:
        output.error(OciError("oci-usage", f"{error.filename}: {error.strerror}", "check the path"))
        return 2
    except KeyboardInterrupt:
        return 130
    return int(facts.get("exitCode", 0))


def _credentials(options: argparse.Namespace) -> Credentials:
    if options.password_stdin:
        if not options.username:
            raise OciError("oci-usage", "--password-stdin without --username", "give both")
        return Password(options.username, sys.stdin.readline().rstrip("\r\n"))
    return environment_credentials("OCI", options.username)


def environment_credentials(prefix: str, username: str | None = None) -> Credentials:
    """Read `<prefix>_USERNAME` and `<prefix>_PASSWORD`; None when there is no password."""
    user, secret = username or os.environ.get(f"{prefix}_USERNAME"), os.environ.get(f"{prefix}_PASSWORD")
    return Password(user, secret) if user and secret else None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m oci",
        description="Pack OCI artifacts the same way every time, move them, and verify every byte.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_pack(commands)
    _add_copy(commands, "push", "send an artifact from a layout on disk to a registry")
    _add_copy(commands, "copy", "copy an artifact between registries and layouts")
    _add_pull(commands)
    _add_one(commands, "inspect", "print an artifact's manifest, and its tags when none is named", _inspect)
    _add_one(commands, "verify", "read every byte of an artifact and check it", _verify)
    return parser


def _examples_of(name: str) -> str:
    """Return the examples of one command, with what they continue on."""
    shown: list[str] = []
    for line in _EXAMPLES.splitlines()[1:]:
        follows = bool(shown) and shown[-1].endswith("\\")
        if f"oci {name} " in line or follows:
            shown.append(line)
    return "\n".join(["example:", *shown])


def _add(commands: Any, name: str, text: str, run: Callable[..., dict[str, Any]]) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(
        name,
        help=text,
        description=text,
        epilog=_examples_of(name),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.set_defaults(run=run)
    command.add_argument("--output", choices=("text", "json"), default="text", help="json: one document")
    command.add_argument(
        "--ca-file", type=Path, help="PEM file of the authority that the registry's TLS uses"
    )
    command.add_argument(
        "--token-host",
        action="append",
        default=[],
        metavar="HOST",
        help="a host besides its own that may ask for the credentials to give a token for the registry",
    )
    command.add_argument("--username", help="user or token name")
    command.add_argument(
        "--password-stdin", action="store_true", help="read the password from standard input"
    )
    return command


def _add_pack(commands: Any) -> None:
    command = _add(commands, "pack", "pack files or a folder into an OCI image layout", _pack)
    command.add_argument("sources", nargs="*", type=Path, help="files, each a layer of its own")
    command.add_argument("target", help="oci:DIR:TAG")
    command.add_argument("--tree", type=Path, help="a folder, as one plain tar layer")
    command.add_argument("--artifact-type", required=True, help="media type of the artifact")
    command.add_argument("--layer-type", required=True, help="media type of its layers")
    command.add_argument("--annotation", action="append", default=[], metavar="KEY=VALUE")


def _add_copy(commands: Any, name: str, text: str) -> None:
    command = _add(commands, name, text, _copy)
    place = "HOST/REPOSITORY:TAG, HOST/REPOSITORY@DIGEST or oci:DIR:TAG"
    command.add_argument("source", nargs="?", help=place)
    command.add_argument("target", nargs="?", help="the same forms")
    command.add_argument(
        "--list", type=Path, metavar="FILE", help="many at once: a SOURCE and a TARGET a line"
    )
    command.add_argument("--jobs", type=int, default=8, help="requests in flight at once (default 8)")


def _add_pull(commands: Any) -> None:
    command = _add(commands, "pull", "fetch an artifact's files, unpacking tar layers safely", _pull)
    command.add_argument("source", help="HOST/REPOSITORY:TAG, HOST/REPOSITORY@DIGEST or oci:DIR:TAG")
    command.add_argument("--to", type=Path, required=True, help="a folder that does not exist yet")


def _add_one(commands: Any, name: str, text: str, run: Callable[..., dict[str, Any]]) -> None:
    command = _add(commands, name, text, run)
    command.add_argument("source", help="HOST/REPOSITORY:TAG, HOST/REPOSITORY@DIGEST or oci:DIR:TAG")


def _pack(options: argparse.Namespace, _: Output) -> dict[str, Any]:
    return pack_artifact(
        options.sources,
        options.tree,
        options.target,
        options.artifact_type,
        options.layer_type,
        options.annotation,
    )


def _copy(options: argparse.Namespace, output: Output) -> dict[str, Any]:
    jobs = max(1, min(options.jobs, 16))
    if options.list:
        if options.source:
            raise OciError("oci-usage", "places and --list", "name two places, or a list")
        output.begin(f"{options.command} what {options.list} names")
        return copy_list(read_list(options.list), options.places, jobs, output.progress)
    if not options.target:
        raise OciError("oci-usage", "a source or a target is missing", "name both, or --list FILE")
    output.begin(f"{options.command} {options.source} to {options.target}")
    return copy_artifact(options.source, options.target, options.places, jobs, output.progress)


def _pull(options: argparse.Namespace, output: Output) -> dict[str, Any]:
    output.begin(f"pull {options.source}")
    return pull_artifact(options.source, options.to, options.places, output.progress)


def _inspect(options: argparse.Namespace, _: Output) -> dict[str, Any]:
    return inspect_artifact(options.source, options.places)


def _verify(options: argparse.Namespace, output: Output) -> dict[str, Any]:
    output.begin(f"verify {options.source}")
    return verify_artifact(options.source, options.places, output.progress)
