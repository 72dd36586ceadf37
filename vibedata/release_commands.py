"""The commands of whoever makes releases: check a manifest, pack a release, push it."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from vibedata import bundle, console, manifest_source
from vibedata.errors import BadInput
from vibedata.options import Output, OutputOption
from vibedata.ports import Summary


def manifest_validate(
    file: Annotated[Path, typer.Argument(help="The release manifest.", dir_okay=False)],
    output: OutputOption = Output.text,
) -> None:
    """Check a release manifest and report every violation at once, with pointer, line and remedy.

    Example: vibedata manifest validate manifest.json
    """
    from vibedata.flows.validate_manifest import lines, validate_manifest

    try:
        with file.open("rb") as opened:
            summary = validate_manifest(raw=opened.read(manifest_source.MAX_BYTES + 1))
    except OSError as error:
        raise BadInput(
            "file-unreadable", f"{file}: {error.strerror}", hint="Name a file that exists."
        ) from error
    except BadInput as error:
        if output is Output.text:
            console.plain([f"{file}:{line}" for line in lines(error)])
        raise
    if output is Output.json:
        console.print_json(dict(summary.data))
    else:
        console.plain([summary.message])


def release_pack(
    directory: Annotated[Path, typer.Argument(help="Where the OCI image layout is made.", file_okay=False)],
    target: Annotated[
        list[str] | None, typer.Option(help="A bundle's target, again for more; `this` is this machine.")
    ] = None,
    version: Annotated[
        str | None, typer.Option(help="The release's version; default: a draft of the contents.")
    ] = None,
    serial: Annotated[int | None, typer.Option(help="Grows per channel; default: the commit's time.")] = None,
    output: OutputOption = Output.text,
) -> None:
    """Pack this checkout's release: bundles, runbooks, components and the manifest that names them.

    Example: vibedata release pack dist/release --version 1.4.0
    """
    from vibedata.wiring import publisher

    targets = [this_target() if name == "this" else name for name in target or [bundle.WORKER_TARGET]]
    progress = console.plain_progress if output is Output.text else (lambda _: None)
    _show(publisher.pack_release(directory, targets, progress, version=version, serial=serial), output)


def release_push(
    directory: Annotated[Path, typer.Argument(help="The packed release.", file_okay=False, exists=True)],
    registry: Annotated[str, typer.Argument(help="Login server of the publisher's registry.")],
    version: Annotated[str, typer.Option(help="The packed version to push.")],
    output: OutputOption = Output.text,
) -> None:
    """Push a packed release to the publisher's registry; `latest` moves last.

    Example: vibedata release push dist/release vibedata.azurecr.io --version 1.4.0
    """
    from vibedata.wiring import publisher

    progress = console.plain_progress if output is Output.text else (lambda _: None)
    _show(publisher.push_release(directory, registry, version, progress), output)


def this_target() -> str:
    """Return the bundle target of this machine."""
    machine = bundle.target_of(
        sys.implementation.name, sys.version_info[:2], sys.platform, platform.machine()
    )
    return machine.name


def _show(summary: Summary, output: Output) -> None:
    if output is Output.json:
        console.print_json({"written": dict(summary.written), **summary.data})
    else:
        console.plain([summary.message])


GROUPS: dict[str, tuple[str, dict[str, Callable[..., None]]]] = {
    "manifest": ("Check release manifests.", {"validate": manifest_validate}),
    "release": ("Pack and push releases, as the publisher.", {"pack": release_pack, "push": release_push}),
}
