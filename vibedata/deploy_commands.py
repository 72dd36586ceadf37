"""The commands of whoever looks at a deployment before it runs: its order, its gates, and how long it takes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from vibedata import admin_roles, console, sequence
from vibedata.errors import BadInput
from vibedata.options import Output, OutputOption

BUDGET_MINUTES = 30  # PRD-19 NFR-1, for the mid estimate


def deploy_plan(
    estimate: Annotated[str, typer.Option(help="Which minutes to draw: low, mid or high.")] = "mid",
    svg: Annotated[
        Path | None, typer.Option(help="Also draw the plan into this file.", dir_okay=False)
    ] = None,
    output: OutputOption = Output.text,
) -> None:
    """Show RFC-60's phases: what starts when, where the gates close, and what everything waits for.

    Minutes are estimates, each with its source. Asks Azure nothing.

    Example: vibedata deploy plan --svg plan.svg
    """
    chosen = next((one for one in sequence.ESTIMATES if one == estimate), None)
    if chosen is None:
        raise BadInput(
            "usage", f"--estimate {estimate[:40]!r} is none of low, mid, high.", hint="Give one of the three."
        )
    plans = {one: sequence.plan(sequence.steps(), one) for one in sequence.ESTIMATES}
    if svg is not None:
        _draw(svg, plans[chosen])
    if output is Output.json:
        console.print_json(_document(plans, chosen))
    else:
        _show(plans, chosen)


def _draw(file: Path, plan: sequence.Plan) -> None:
    from vibedata import plan_picture

    try:
        file.write_text(plan_picture.svg(plan), "utf-8")
    except OSError as error:
        raise BadInput(
            "file-unwritable", f"{file}: {error.strerror}", hint="Name a file that you can write."
        ) from error


def _show(plans: dict[Any, sequence.Plan], chosen: sequence.Estimate) -> None:
    plan, names = plans[chosen], {phase.number: phase.name for phase in sequence.phases()}
    rows = [
        (
            slot.step.phase,
            names[slot.step.phase],
            slot.step.name + ("" if slot.step.is_ready else " (not yet)"),
            "action" if slot.step.is_action else "infrastructure",
            f"{slot.start:g}",
            f"{slot.end:g}",
            "*" if slot.step.name in plan.critical else "",
            slot.after,
        )
        for slot in plan.slots
    ]
    columns = ("phase", "name", "step", "kind", "from", "to", "critical", "waits for")
    console.show_table(console.screen(), console.table(columns, rows))
    gates = ", ".join(f"{number} at {end:g}" for number, end in plan.gates.items())
    totals = ", ".join(f"{one} {plans[one].minutes:g}" for one in sequence.ESTIMATES)
    budget = "within" if plans["mid"].minutes <= BUDGET_MINUTES else "over"
    console.plain(
        [
            "",
            f"Gates close (minutes, {chosen}): {gates}",
            f"Critical path: {' → '.join(plan.critical)}",
            f"Total minutes: {totals}; mid is {budget} the {BUDGET_MINUTES} of NFR-1",
        ]
    )


def _document(plans: dict[Any, sequence.Plan], chosen: sequence.Estimate) -> dict[str, Any]:
    plan = plans[chosen]
    return {
        "estimate": chosen,
        "totals": {one: plans[one].minutes for one in sequence.ESTIMATES},
        "budgetMinutes": BUDGET_MINUTES,
        "criticalPath": list(plan.critical),
        "gates": [{"phase": number, "closes": end} for number, end in plan.gates.items()],
        "steps": [
            {
                "step": slot.step.name,
                "phase": slot.step.phase,
                "kind": "action" if slot.step.is_action else "infrastructure",
                "ready": slot.step.is_ready,
                "from": slot.start,
                "to": slot.end,
                "after": slot.after,
                "needs": list(slot.step.needs),
                "source": slot.step.source,
            }
            for slot in plan.slots
        ],
    }


def deploy_admin_roles(
    group_id: Annotated[str, typer.Option(help="Object id of the administrators' Entra group (GUID).")],
    resource_group: Annotated[str, typer.Option(help="The managed resource group's name.")],
    subscription_id: Annotated[str, typer.Option(help="Its subscription (GUID).")],
    restricted: Annotated[
        bool,
        typer.Option(
            "--restricted", help="The plan restricts the customer: what Azure's deny assignment leaves."
        ),
    ] = False,
    output: OutputOption = Output.text,
) -> None:
    """Print the commands that give the customer's own administrators their roles, ready to paste.

    The template cannot do it across tenants. Whoever runs them needs to be Owner or User Access Administrator there;
    running them again changes nothing. Asks Azure nothing.

    Example: vibedata deploy admin-roles --group-id GUID --resource-group mrg-vibedata --subscription-id GUID
    """
    given = admin_roles.customer(group_id, resource_group, subscription_id)
    found = admin_roles.roles(given, restricted=restricted)
    if output is Output.json:
        console.print_json({"restricted": restricted, "roles": [one.as_dict() for one in found]})
        return
    console.plain([line for one in found for line in (f"# {one.role}: {one.why}", one.command)])


GROUPS: dict[str, tuple[str, dict[str, Callable[..., None]]]] = {
    "deploy": (
        "Look at a deployment before it runs.",
        {"plan": deploy_plan, "admin-roles": deploy_admin_roles},
    ),
}
