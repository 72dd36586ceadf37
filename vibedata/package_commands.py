"""The commands of the release engineer who fills in the offer: what its plan must allow."""

from __future__ import annotations

from collections.abc import Callable

from vibedata import allowed_actions, console
from vibedata.options import Output, OutputOption


def package_actions(output: OutputOption = Output.text) -> None:
    """Print the plan's two lists of allowed actions, as Partner Center takes them.

    Made from rbac.json: what the instance's own identities need in spite of the deny assignment.

    Example: vibedata package actions
    """
    found = allowed_actions.allowed()
    if output is Output.json:
        console.print_json({"actions": found.actions, "dataActions": found.data_actions})
        return
    console.plain(
        [
            "Allowed control actions:",
            allowed_actions.SEPARATOR.join(found.actions),
            "",
            "Allowed data actions:",
            allowed_actions.SEPARATOR.join(found.data_actions),
        ]
    )


GROUPS: dict[str, tuple[str, dict[str, Callable[..., None]]]] = {
    "package": ("Fill in the Marketplace offer.", {"actions": package_actions}),
}
