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
    bool, typer.Option("--passphrase-stdin", help="Read the key's passphrase from standard input.")
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
            "file-unreadable", f"{file}: {error.strerror}", hint="Name a file that you can read."
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
    """Pack this checkout's release into an OCI image layout.

    Bundles, runbooks, components and the manifest that names them. Wheels are fetched by pip, once.

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
    """Make a release key and print its public half.

    Ed25519, as the setting `release_keys` wants it. `sign` and `verify` name it by its id: see --output json.

    Example: vibedata release keygen release-key.pem --passphrase-stdin < passphrase.txt
    """
    from vibedata.wiring import publisher

    key = publisher.make_key(file, _passphrase(passphrase_stdin))
    document = {"releaseKey": key, "keyId": public_key(key).key_id, "file": str(file)}
    if output is Output.json:
        console.print_json(document)
    else:
        console.plain([key])
        typer.echo(f"key id {document['keyId']}; the private key is in {file}: keep it offline", err=True)


def release_sign(
    directory: Annotated[Path, typer.Argument(help="The packed release.", file_okay=False, exists=True)],
    version: Annotated[str, typer.Option(help="The packed version to sign.")],
    key: Annotated[Path, typer.Option(help="The private key's file.", dir_okay=False)],
    passphrase_stdin: PassphraseOption = False,
    output: OutputOption = Output.text,
) -> None:
    """Sign a packed release; other keys' signatures stay.

    Signing again with the same key writes nothing.

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
    threshold: Annotated[int, typer.Option(help="How many of them must have signed.", min=1)] = 1,
    output: OutputOption = Output.text,
) -> None:
    """Verify a packed release as a customer's instance would.

    Name every key that the offer pins, and its threshold.

    Example: vibedata release verify dist/release --version 1.4.0 --release-key ed25519:...
    """
    from vibedata.wiring import publisher

    _show(publisher.verify_release(directory, version, release_key, threshold), output)


def release_push(
    directory: Annotated[Path, typer.Argument(help="The packed release.", file_okay=False, exists=True)],
    registry: Annotated[str, typer.Argument(help="The publisher's registry: host or host:port.")],
    version: Annotated[str, typer.Option(help="The packed version to push.")],
    output: OutputOption = Output.text,
) -> None:
    """Push a packed and signed release; `latest` moves last.

    Signs in by AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, which need AcrPush on the registry.

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
        "Make keys; pack, sign, verify and push releases.",
        {
            "keygen": release_keygen,
            "pack": release_pack,
            "sign": release_sign,
            "verify": release_verify,
            "push": release_push,
        },
    ),
}
