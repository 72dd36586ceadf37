"""The commands of whoever makes releases: check a manifest, make a key, pack a release, sign it, verify it, push it."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from vibedata import bundle, console, manifest_source, redact
from vibedata.errors import BadInput
from vibedata.keyring import public_key
from vibedata.options import Output, OutputOption
from vibedata.ports import Summary

MAX_PASSPHRASE_BYTES = 1023  # what OpenSSL takes
PassphraseOption = Annotated[
    bool, typer.Option("--passphrase-stdin", help="The key is encrypted; read its passphrase here.")
]


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


def release_keygen(
    file: Annotated[Path, typer.Argument(help="Where the private key goes; a file that does not exist.")],
    passphrase_stdin: PassphraseOption = False,
    output: OutputOption = Output.text,
) -> None:
    """Make a release key (Ed25519) and print its public half, as the setting `release_keys` wants it.

    Example: vibedata release keygen release-key.pem --passphrase-stdin < passphrase.txt
    """
    from vibedata.wiring import publisher

    key = publisher.make_key(file, _passphrase(passphrase_stdin))
    document = {"releaseKey": key, "keyId": public_key(key).key_id, "file": str(file)}
    console.print_json(document) if output is Output.json else console.plain([key])


def release_sign(
    directory: Annotated[Path, typer.Argument(help="The packed release.", file_okay=False, exists=True)],
    version: Annotated[str, typer.Option(help="The packed version to sign.")],
    key: Annotated[Path, typer.Option(help="The private key's file.", dir_okay=False)],
    passphrase_stdin: PassphraseOption = False,
    output: OutputOption = Output.text,
) -> None:
    """Sign a packed release; another key's signature is added to those that are there.

    Example: vibedata release sign dist/release --version 1.4.0 --key release-key.pem
    """
    from vibedata.wiring import publisher

    _show(publisher.sign_release(directory, version, key, _passphrase(passphrase_stdin)), output)


def release_verify(
    directory: Annotated[Path, typer.Argument(help="The packed release.", file_okay=False, exists=True)],
    version: Annotated[str, typer.Option(help="The packed version to verify.")],
    release_key: Annotated[
        list[str], typer.Option(help="A public key that customers pin, again for more: `ed25519:...`.")
    ],
    threshold: Annotated[int, typer.Option(help="How many of them must have signed.")] = 1,
    output: OutputOption = Output.text,
) -> None:
    """Verify a packed release as a customer's instance would, before it is pushed.

    Example: vibedata release verify dist/release --version 1.4.0 --release-key ed25519:...
    """
    from vibedata.wiring import publisher

    _show(publisher.verify_release(directory, version, release_key, threshold), output)


def release_push(
    directory: Annotated[Path, typer.Argument(help="The packed release.", file_okay=False, exists=True)],
    registry: Annotated[str, typer.Argument(help="Login server of the publisher's registry.")],
    version: Annotated[str, typer.Option(help="The packed version to push.")],
    output: OutputOption = Output.text,
) -> None:
    """Push a packed and signed release to the publisher's registry; `latest` moves last.

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


def _passphrase(from_stdin: bool) -> str:
    if not from_stdin:
        return ""
    try:
        given = sys.stdin.readline(MAX_PASSPHRASE_BYTES + 2).rstrip("\r\n")
        size = len(given.encode())
    except UnicodeError:
        size = 0
    if not 0 < size <= MAX_PASSPHRASE_BYTES:
        raise BadInput(
            "release-key-passphrase",
            f"Standard input has no passphrase, of 1 to {MAX_PASSPHRASE_BYTES} bytes of UTF-8.",
            hint="Feed it as one line, or leave out --passphrase-stdin for a key without one.",
        )
    redact.register(given)
    return given


def _show(summary: Summary, output: Output) -> None:
    if output is Output.json:
        console.print_json({"written": dict(summary.written), **summary.data})
    else:
        console.plain([summary.message])


GROUPS: dict[str, tuple[str, dict[str, Callable[..., None]]]] = {
    "manifest": ("Check release manifests.", {"validate": manifest_validate}),
    "release": (
        "Pack, sign and push releases, as the publisher.",
        {
            "keygen": release_keygen,
            "pack": release_pack,
            "sign": release_sign,
            "verify": release_verify,
            "push": release_push,
        },
    ),
}
