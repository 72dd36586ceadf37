"""Write what docs/phases.md says of each phase: what it creates, why, how long it takes, what it costs.

What is created is counted in the evaluated template, minutes come from sequence.json, the first sentence from the
phase's own file. Why and what is billed cannot be derived, and stand here.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from tests.bicep.deployed import resources
from tests.bicep.template import BICEP, ROOT, modules
from vibedata import sequence

PAGE = ROOT / "docs/phases.md"
BEGIN, END = "<!-- made by `make contracts` -->", "<!-- to here -->"
# Every phase has some, and they say nothing about it.
EVERYWHERE = {
    "Microsoft.Authorization/roleAssignments": "role",
    "Microsoft.Insights/diagnosticSettings": "diagnostic setting",
    "Microsoft.Network/privateEndpoints": "private endpoint",
}


@dataclass(frozen=True)
class Reason:
    """Why a phase is where it is, and what its resources are billed by: nothing, use, or the hour."""

    why: str
    cost: str
    billed: str


REASONS = {
    1: Reason("Every later step runs as this identity, and roles take minutes to spread.", "free", ""),
    2: Reason(
        "What happens from here on is recorded; a service made earlier would have a gap.",
        "by use",
        "logs taken in, and kept beyond what is included",
    ),
    3: Reason(
        "Everything later is reachable from the network alone.",
        "tens",
        "NAT gateway and its address; what goes out by it",
    ),
    4: Reason(
        "A private endpoint without its zone resolves to a public address that is shut.",
        "tens",
        "each zone, each private endpoint",
    ),
    5: Reason(
        "Secrets and the gateway's certificate need a place before anything that reads them.",
        "by use",
        "operations; the private endpoint by the hour",
    ),
    6: Reason(
        "The first action needs a worker, a registry to import into and a place to write.",
        "hundreds",
        "registry (Premium, for private endpoints), worker, Event Hubs; storage by use",
    ),
    7: Reason("Nothing can be installed before it is in the customer's own registry.", "free", ""),
    8: Reason("Jobs of the later phases are runbooks of the release.", "free", ""),
    9: Reason(
        "The applications need their schema, so they are pinned and opened after it.",
        "hundreds",
        "server and its disk",
    ),
    10: Reason(
        "Apps pull their images when they are made, so these come first.",
        "hundreds",
        "one plan for three applications; the Function app and the alert rules by use",
    ),
    11: Reason(
        "Airbyte runs on Kubernetes; the cluster grows while artifacts are imported.",
        "hundreds",
        "each node, the cluster's own tier",
    ),
    12: Reason(
        "The only way in; it takes long to make, so it begins as soon as it can have a certificate.",
        "hundreds",
        "the gateway, its use",
    ),
    13: Reason(
        "Indexes and agents are the last that is installed; their services grow early.",
        "tens",
        "AI Search; models by use",
    ),
    14: Reason("Only what exists can be found and written down.", "free", ""),
    15: Reason("A deployment that succeeded without working is worse than one that failed.", "free", ""),
}


def section() -> str:
    """Return the made part of the page."""
    lines = [
        BEGIN,
        "",
        "## What each phase creates",
        "",
        "Cost classes: *free* costs nothing of its own; *by use* costs what is stored, sent or run; the others cost",
        "while they exist, used or not: *tens* or *hundreds* of dollars a month at the default sizes. That is an order",
        "of magnitude, held against no price list: for a customer's region ask Azure's price calculator.",
    ]
    for phase in sequence.phases():
        reason = REASONS[phase.number]
        lines += [
            "",
            f"### {phase.number} {phase.name}",
            "",
            f"{_first_sentence(phase.file)} {reason.why}",
            "",
        ]
        lines += ["| | |", "|---|---|"]
        lines += [f"| file | [`{phase.file}`](../bicep/{phase.file}) |"]
        lines += [f"| creates | {_created(phase.number)} |"]
        lines += [f"| {step} | {told} |" for step, told in _steps(phase.number)]
        lines += [f"| cost | {reason.cost}{': ' + reason.billed if reason.billed else ''} |"]
    return "\n".join([*lines, "", END])


def page() -> str:
    """Return the whole page with its made part renewed."""
    text = PAGE.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    return before + section() + rest.partition(END)[2]


def _first_sentence(file: str) -> str:
    line = (BICEP / file).read_text("utf-8").splitlines()[0].replace("\\'", "'")
    told = line.partition(": ")[2].rstrip("'")
    return told[0].upper() + told[1:]


def _created(number: int) -> str:
    """Return what a phase's modules make: each kind by its last two words, with how many there are."""
    outer = {name for name in modules() if int(name[:2]) == number}
    counts = Counter(resource.type for resource in resources() if resource.path[0] in outer)
    own = [f"`{_short(kind)}`{_times(count)}" for kind, count in counts.items() if kind not in EVERYWHERE]
    beside = [
        f"{counts[kind]} {word}{'s' if counts[kind] > 1 else ''}"
        for kind, word in EVERYWHERE.items()
        if counts[kind]
    ]
    return ", ".join(own + beside)


def _short(kind: str) -> str:
    return kind.removeprefix("Microsoft.")


def _times(count: int) -> str:
    return f" ({count})" if count > 1 else ""


def _steps(number: int) -> list[tuple[str, str]]:
    """Return a phase's steps with their minutes and where those come from."""
    told = []
    for step in sequence.steps():
        if step.phase == number:
            low, mid, high = (f"{step.minutes[one]:g}" for one in sequence.ESTIMATES)
            unit = "minute" if high == "1" else "minutes"
            span = f"{low} to {high} {unit}, {mid} by mid" if low != high else f"{low} {unit}"
            later = "" if step.is_ready else "; the verb is not there yet"
            told.append((f"`{step.name}`", f"{step.makes}: {span}{later}"))
    return told


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
