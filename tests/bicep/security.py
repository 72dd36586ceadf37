"""Hold the deployed template against checkov's rules: `make check-security`.

checkov looks into no nested deployment and binds no parameters, so it gets one flat template: every resource that an
offer's deployment makes, evaluated. What it finds is either corrected or a row of bicep/checkov-skips.json with its
reason; a row that nothing needs any more fails the run, and so does a resource that was not looked at.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bicep.deployed import deployment, resources
from tests.bicep.template import BICEP, ROOT

CHECKOV = ROOT / ".venv-security/bin/checkov"
SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
WORDS = ("--framework", "arm", "--output", "json", "--compact", "--quiet", "--skip-download")
SUFFIX = "{suffix}"


@dataclass(frozen=True)
class Finding:
    """A rule, and the resource that breaks it, its name with the suffix of this instance left out."""

    rule: str
    resource: str
    what: str = ""

    def __str__(self) -> str:
        return f"{self.rule} {self.resource}" + (f": {self.what}" if self.what else "")


@dataclass(frozen=True)
class Report:
    """What a run of checkov told."""

    findings: tuple[Finding, ...]
    passed: int
    resources: int
    unreadable: int


def flat() -> dict[str, Any]:
    """Return everything that is deployed as one template without modules, parameters and expressions."""
    made = []
    for resource in resources():
        body = json.loads(json.dumps(resource.body, default=str))
        if "scope" in body:  # else a resource's settings and roles would count as one
            body["name"] = (
                f"{body['scope'].rsplit('/', 2)[1]}-{body['scope'].rsplit('/', 1)[1]}-{resource.name}"
            )
        made.append(body)
    return {"$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": made}


def skips() -> list[dict[str, str]]:
    """Return the rows of bicep/checkov-skips.json."""
    return list(json.loads((BICEP / "checkov-skips.json").read_text("utf-8"))["skips"])


def read(text: str, suffix: str) -> Report:
    """Read checkov's JSON."""
    told = json.loads(text)
    summary = told["summary"]
    findings = tuple(
        Finding(row["check_id"], row["resource"].replace(suffix, SUFFIX), row["check_name"])
        for row in told["results"]["failed_checks"]
    )
    return Report(findings, summary["passed"], summary["resource_count"], summary["parsing_errors"])


def problems(report: Report, rows: list[dict[str, str]], deployed: int) -> Iterator[str]:
    """Yield what must be put right before the run is good."""
    allowed = {(row["rule"], row["resource"]) for row in rows}
    found = {(each.rule, each.resource) for each in report.findings}
    for each in report.findings:
        if (each.rule, each.resource) not in allowed:
            yield f"{each}\n  Correct it, or say in bicep/checkov-skips.json why not."
    for rule, resource in sorted(allowed - found):
        yield f"{rule} {resource}: the skip is unused\n  Take the row out of bicep/checkov-skips.json."
    if report.unreadable:
        yield "checkov could not read the template"
    if report.resources < deployed:
        yield f"checkov looked at {report.resources} resources of {deployed}"
    if not report.passed:
        yield "checkov applied no rule at all"


def main() -> int:
    """Run checkov; returns the exit code."""
    template = flat()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "template.json")
        file.write_text(json.dumps(template, indent=1), "utf-8")
        command = [str(CHECKOV), "--file", str(file), *WORDS]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        print(done.stderr, file=sys.stderr)
        return done.returncode
    report = read(done.stdout, deployment().outputs()["nameSuffix"])
    wrong = list(problems(report, skips(), len(template["resources"])))
    for line in wrong:
        print(line)
    print(
        f"checkov: {report.resources} resources, {report.passed} rules kept, "
        f"{len(report.findings)} broken ({len(skips())} with a reason): {'failed' if wrong else 'good'}"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
