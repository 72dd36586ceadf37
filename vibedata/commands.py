"""The commands of `vibedata`, each a thin skin over one verb or reader."""

from __future__ import annotations

import os
import sys
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from vibedata import __version__, console, settings
from vibedata.alert_commands import GROUPS as ALERT_GROUPS
from vibedata.deploy_commands import GROUPS as DEPLOY_GROUPS
from vibedata.envelope import Envelope
from vibedata.errors import BadInput
from vibedata.options import DryRunOption, OperationOption, Output, OutputOption
from vibedata.package_commands import GROUPS as PACKAGE_GROUPS
from vibedata.receipt_commands import GROUPS as RECEIPT_GROUPS
from vibedata.release_commands import GROUPS as RELEASE_GROUPS

MAX_PASSWORD_CHARS = 4096
VERB_EPILOG = "Exit codes: 0 done or nothing to do, 2 bad input, 3 blocked, 4 transient, 5 failed."


def add_to(tree: typer.Typer) -> None:
    """Add every command to the tree."""
    tree.callback()(root)
    for name, function in COMMANDS.items():
        tree.command(name, epilog=VERB_EPILOG)(function)
    for name, (about, functions) in GROUPS.items():
        tree.add_typer(_group(about, functions), name=name)


def _group(about: str, functions: Mapping[str, Any]) -> typer.Typer:
    """Return a group of commands; one of them may be a group again: what it is about, and its commands."""
    group = typer.Typer(help=about, no_args_is_help=True, rich_markup_mode=None)
    for name, function in functions.items():
        if isinstance(function, tuple):
            group.add_typer(_group(*function), name=name)
        else:
            group.command(name, epilog=VERB_EPILOG)(function)
    return group


def names() -> set[str]:
    """Return the names of all top-level commands."""
    return set(COMMANDS) | set(GROUPS)


def root(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and end.", is_eager=True)
    ] = False,
) -> None:
    """Operate a Vibedata instance: Day-0, runbooks, registry, health and the operations log."""
    if version:
        typer.echo(f"vibedata {__version__}")
        raise typer.Exit


def import_artifacts(
    publisher_username: Annotated[
        str,
        typer.Option(help="User name of the publisher's pull token.", envvar="VIBEDATA_PUBLISHER_USERNAME"),
    ],
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the token's password here.")
    ] = False,
    operation_id: OperationOption = None,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.text,
) -> None:
    """Import the publisher's latest release into the customer's registry and storage (phase 7).

    Example: vibedata import-artifacts --publisher-username customer-pull --password-stdin < password.txt
    """
    if not password_stdin:
        raise BadInput(
            "password-missing",
            "The publisher's token needs its password on standard input.",
            hint="Add --password-stdin and feed the password: never as an argument.",
        )
    secrets = {
        "publisher_username": publisher_username,
        "publisher_password": sys.stdin.readline(MAX_PASSWORD_CHARS).strip(),
    }
    _run("import_artifacts", {"dry_run": dry_run}, operation_id, output, secrets)


def publish_runbooks(
    operation_id: OperationOption = None, dry_run: DryRunOption = False, output: OutputOption = Output.text
) -> None:
    """Publish the imported release's runbooks and their schedules (phase 8).

    Example: vibedata publish-runbooks --dry-run
    """
    _run("publish_runbooks", {"dry_run": dry_run}, operation_id, output)


def bootstrap_registry(
    operation_id: OperationOption = None, dry_run: DryRunOption = False, output: OutputOption = Output.text
) -> None:
    """Discover the instance's resources and write the component registry (phase 14); rebuilds it at any time.

    Example: vibedata bootstrap-registry --output json
    """
    _run("bootstrap_registry", {"dry_run": dry_run}, operation_id, output)


def run_health(
    operation_id: OperationOption = None, dry_run: DryRunOption = False, output: OutputOption = Output.text
) -> None:
    """Probe every component and write what changed (phase 15); exits 0 whatever it found.

    Example: vibedata run-health && vibedata status
    """
    _run("run_health", {"dry_run": dry_run}, operation_id, output)


def status(
    unhealthy: Annotated[
        bool, typer.Option("--unhealthy", help="Only components that are not healthy.")
    ] = False,
    output: OutputOption = Output.text,
) -> None:
    """Show the components: version, digest, endpoint and health with its reason.

    Example: vibedata status --unhealthy
    """
    shown = _wires().show_status()
    if unhealthy:
        shown["components"] = [c for c in shown["components"] if c["status"] != "Healthy"]
    if output is Output.json:
        console.print_json(shown)
    else:
        console.status(shown)


def logs(
    since: Annotated[str, typer.Option(help="How far back: 30m, 2h, 1d, or an ISO time.")] = "1h",
    operation_id: Annotated[
        str | None, typer.Option("--operation-id", help="Only this operation's rows.")
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on showing new rows until interrupted.")
    ] = False,
    output: OutputOption = Output.text,
) -> None:
    """Read the operations log, each event once.

    Example: vibedata logs --since 2h --follow
    """
    batches = _wires().read_logs(since=since, operation_id=operation_id, follow=follow)
    console.rows(batches, as_json=output is Output.json, follow=follow)


def day0(
    deployment: Annotated[
        Path,
        typer.Option(
            help="The deployment's parameters (JSON).", envvar="VIBEDATA_DEPLOYMENT", dir_okay=False
        ),
    ],
    operation_id: OperationOption = None,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.text,
) -> None:
    """Walk RFC-60's phases 7, 8, 14 and 15 on a provisioned instance, each as a Run Command on its worker.

    Signs in as the deployer: AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET.
    Example: vibedata day0 --deployment instance.json
    """
    from vibedata import deploying

    deploying.run(
        deployment, operation_id or str(uuid.uuid4()), dry_run=dry_run, as_json=output is Output.json
    )


def _run(
    verb: str,
    args: Mapping[str, Any],
    operation_id: str | None,
    output: Output,
    secrets: Mapping[str, str] | None = None,
) -> None:
    from vibedata import entry

    given = {name: value for name, value in args.items() if value}
    envelope = Envelope(verb, operation_id or str(uuid.uuid4()), args=given)
    watch = console.progress() if output is Output.text else lambda _: None
    summary, seconds = entry.run(envelope, settings.load(os.environ), secrets or {}, watch=watch)
    if output is Output.json:
        console.print_json({**entry.result(summary, seconds), "operationId": envelope.operation_id})
    else:
        console.summary(summary, seconds, str(envelope.operation_id))


def _wires() -> Any:
    from vibedata import wiring

    return wiring.Wires.from_settings(settings.load(os.environ))


GROUPS = {**ALERT_GROUPS, **DEPLOY_GROUPS, **PACKAGE_GROUPS, **RECEIPT_GROUPS, **RELEASE_GROUPS}
COMMANDS: dict[str, Callable[..., None]] = {
    "day0": day0,
    "import-artifacts": import_artifacts,
    "publish-runbooks": publish_runbooks,
    "bootstrap-registry": bootstrap_registry,
    "run-health": run_health,
    "status": status,
    "logs": logs,
}
