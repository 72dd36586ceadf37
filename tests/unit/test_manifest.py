from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest

from tests.builders.manifest import sample_bytes, sample_component, sample_manifest
from vibedata import manifest
from vibedata.catalog import RUNBOOKS
from vibedata.errors import BadInput
from vibedata.flows.validate_manifest import lines, validate_manifest
from vibedata.manifest import Recognition, Violation

Document = dict[str, Any]


def found(document: Document) -> list[Violation]:
    return manifest.violations(json.dumps(document, indent=1).encode())


def test_the_sample_is_valid() -> None:
    assert found(sample_manifest()) == []


def test_the_view_says_what_the_bytes_say() -> None:
    raw = sample_bytes(release={"serial": 77})
    view = manifest.parse(raw)
    assert view.digest == "sha256:" + hashlib.sha256(raw).hexdigest()
    assert view.raw == raw
    assert view.release.serial == 77
    assert view.release.created_at == datetime(2026, 1, 31, 12, tzinfo=timezone.utc)
    assert view.network_retry_policies == manifest.NetworkRetryPolicies(attempts=3, delay_seconds=2)
    api = view.component("api")
    assert api is not None
    assert api.depends_on == ("postgres", "key-vault")
    assert api.configuration_references == ("database-url", "hmac-key")
    assert api.probes[0] == manifest.Probe("http", 5, path="/health", expect_status=200)
    assert view.component("postgres").artifact is None  # type: ignore[union-attr]
    assert view.component("ghost") is None
    assert [runbook.name for runbook in view.runbooks] == [row.verb for row in RUNBOOKS]
    assert view.runbooks[0].content.size == len("print('import_artifacts')\n")
    assert view.bundles["cp310-manylinux_x86_64"].content is not None
    assert len(view.artifacts()) == 3 + len(RUNBOOKS) + 1


def test_the_digest_is_of_the_bytes_not_of_what_they_mean() -> None:
    document = sample_manifest()
    spaced, dense = json.dumps(document, indent=2).encode(), json.dumps(document).encode()
    assert manifest.parse(spaced).digest != manifest.parse(dense).digest


def _set(*path: str | int, to: Any) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        place: Any = document
        for part in path[:-1]:
            place = place[part]
        place[path[-1]] = to

    return change


def _drop(*path: str | int) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        place: Any = document
        for part in path[:-1]:
            place = place[part]
        del place[path[-1]]

    return change


BROKEN: list[tuple[Callable[[Document], None], str, str]] = [
    (_set("schemaVersion", to=2), "/schemaVersion", "2 is not 1"),
    (_drop("release", "expires"), "/release", "expires is missing"),
    (_set("release", "surprise", to=1), "/release/surprise", '"surprise" is not declared here'),
    (_set("release", "version", to="1.4"), "/release/version", "has not the expected form"),
    (_set("release", "version", to="1.4.0\n"), "/release/version", "it holds a control character"),
    (_set("release", "serial", to=0), "/release/serial", "0 is less than 1"),
    (_set("release", "serial", to=1.0), "/release/serial", "1.0 is of type number, not integer"),
    (_set("release", "serial", to=True), "/release/serial", "true is of type boolean, not integer"),
    (_set("release", "createdAt", to="2026-02-30T00:00:00Z"), "/release/createdAt", "is no date and time"),
    (_set("release", "expires", to="2026-01-31T12:00:00Z"), "/release/expires", "expires before it was made"),
    (_set("release", "minimumSuiteVersion", to="latest"), "/release/minimumSuiteVersion", "it names latest"),
    (_set("networkRetryPolicies", "attempts", to=11), "/networkRetryPolicies/attempts", "11 is more than 10"),
    (_set("components", to=[]), "/components", "fewer than 1 items"),
    (_set("components", 2, "name", to="postgres"), "/components/2/name", "taken by /components/0"),
    (_set("components", 2, "kind", to="daemon"), "/components/2/kind", "none of the allowed values"),
    (_drop("components", 2, "artifact"), "/components/2", "artifact is missing"),
    (_drop("components", 2, "artifact", "size"), "/components/2/artifact", "size is missing"),
    (
        _set("components", 0, "artifact", to={"repository": "x"}),
        "/components/0/artifact",
        "does not belong here",
    ),
    (
        _set("components", 2, "artifact", "digest", to="sha256:ABC"),
        "/components/2/artifact/digest",
        "has not the expected form",
    ),
    (
        _set("components", 2, "artifact", "digest", to="sha512:" + "a" * 64),
        "/components/2/artifact/digest",
        "has not the expected form",
    ),
    (
        _set("components", 2, "artifact", "size", to=2**40),
        "/components/2/artifact/size",
        "is more than 17179869184",
    ),
    (
        _set("components", 2, "artifact", "repository", to="vibedata/api:latest"),
        "/components/2/artifact/repository",
        "it names latest",
    ),
    (
        _set("components", 2, "artifact", "repository", to="../api"),
        "/components/2/artifact/repository",
        "has not the expected form",
    ),
    (
        _set("components", 2, "dependsOn", to=["ghost"]),
        "/components/2/dependsOn/0",
        "no component is named ghost",
    ),
    (
        _set("components", 2, "dependsOn", to=["postgres", "postgres"]),
        "/components/2/dependsOn/1",
        "postgres is named twice",
    ),
    (
        _set("components", 3, "wave", to=1),
        "/components/3/wave",
        "it is in wave 1, and api, which it needs, in wave 1",
    ),
    (
        _set("components", 1, "dependsOn", to=["studio"]),
        "/components/2/dependsOn",
        "in a circle: api -> key-vault -> studio -> api",
    ),
    (
        _set("components", 2, "dependsOn", to=["api"]),
        "/components/2/dependsOn",
        "in a circle: api -> api",
    ),
    (
        _set("components", 3, "recognisedBy", "namePattern", to="APP-API-{suffix}"),
        "/components/3/recognisedBy",
        "api and studio are recognised by the same type and name",
    ),
    (
        _set("components", 3, "recognisedBy", "namePattern", to="app-{name}"),
        "/components/3/recognisedBy/namePattern",
        "has not the expected form",
    ),
    (
        _drop("components", 2, "recognisedBy", "imageProperty"),
        "/components/2/recognisedBy",
        "api has a digest probe, but nothing says where",
    ),
    (_drop("components", 2, "probes", 0, "path"), "/components/2/probes/0", "path is missing"),
    (
        _set("components", 2, "probes", 1, "port", to=53),
        "/components/2/probes/1/port",
        "port does not belong here",
    ),
    (
        _set("components", 2, "probes", 0, "path", to="https://elsewhere/"),
        "/components/2/probes/0/path",
        "has not the expected form",
    ),
    (
        _set("components", 2, "probes", 0, "timeoutSeconds", to=3600),
        "/components/2/probes/0/timeoutSeconds",
        "3600 is more than 60",
    ),
    (
        _set("components", 2, "update", "reversibility", to="maybe"),
        "/components/2/update/reversibility",
        "none of the allowed values",
    ),
    (_drop("runbooks", 3), "/runbooks", "the mandatory runbook run_health is missing"),
    (_set("runbooks", 1, "name", to="run_health"), "/runbooks/3/name", "taken by /runbooks/1"),
    (_drop("runbooks", 0, "artifact", "content"), "/runbooks/0/artifact", "content is missing"),
    (_set("bundles", to={}), "/bundles", "fewer than 1 entries"),
    (_set("bundles", "python3", to={}), "/bundles/python3", "is not declared here"),
]


@pytest.mark.parametrize(("change", "pointer", "problem"), BROKEN)
def test_each_departure_is_told_with_its_place_and_a_remedy(
    change: Callable[[Document], None], pointer: str, problem: str
) -> None:
    document = sample_manifest()
    change(document)
    told = [violation for violation in found(document) if violation.pointer == pointer]
    assert any(problem in violation.problem for violation in told), found(document)
    assert all(violation.remedy.endswith((".", ".1.")) or ":" in violation.remedy for violation in told)


def test_all_violations_are_told_at_once() -> None:
    apart = [
        _set("schemaVersion", to=2),
        _set("release", "serial", to=0),
        _set("components", 2, "artifact", "digest", to="sha256:no"),
        _set("components", 2, "dependsOn", to=["ghost"]),
        _set("components", 4, "kind", to="daemon"),
        _drop("runbooks", 0),
        _set("surprise", to=1),
    ]
    document = sample_manifest()
    for change in apart:
        change(document)
    pointers = [violation.pointer for violation in found(document)]
    assert pointers == [
        "/schemaVersion",
        "/release/serial",
        "/components/2/artifact/digest",
        "/components/2/dependsOn/0",
        "/components/4/kind",
        "/runbooks",
        "/surprise",
    ]


def test_every_circle_is_named() -> None:
    one = [sample_component("a", dependsOn=["b"]), sample_component("b", dependsOn=["a"])]
    two = [sample_component("c", dependsOn=["d"]), sample_component("d", dependsOn=["c"])]
    problems = [v.problem for v in found(sample_manifest(components=[*one, *two])) if "circle" in v.problem]
    assert [problem.rpartition(": ")[2] for problem in problems] == ["a -> b -> a", "c -> d -> c"]


def test_a_violation_names_the_line_as_an_editor_shows_it() -> None:
    text = sample_bytes(release={"serial": 0}).decode()
    (violation,) = manifest.violations(text.encode())
    assert text.splitlines()[violation.line - 1].strip() == '"serial": 0,'
    on_one_line = json.dumps(sample_manifest(release={"serial": 0})).encode()
    assert manifest.violations(on_one_line)[0].line == 1
    below = b"\n\n\r\n" + on_one_line
    assert manifest.violations(below)[0].line == 4


def test_a_migration_may_live_in_the_resource_of_another_component() -> None:
    schema = sample_component(
        "database-schema",
        kind="database-migration",
        recognisedBy={"type": "Microsoft.DBforPostgreSQL/flexibleServers", "namePattern": "psql-{suffix}"},
        dependsOn=["postgres"],
        probes=[],
    )
    assert found(sample_manifest(components=[*sample_manifest()["components"], schema])) == []


def test_parsing_an_invalid_manifest_tells_every_violation() -> None:
    raw = sample_bytes(release={"serial": 0, "version": "1"})
    with pytest.raises(BadInput) as refused:
        manifest.parse(raw)
    assert refused.value.code == "manifest-invalid"
    told = refused.value.detail["violations"]
    assert [set(row) for row in told] == [{"pointer", "line", "problem", "remedy"}] * 2
    json.dumps(refused.value.as_dict())
    assert len(lines(refused.value)) == 2
    assert lines(refused.value)[0].startswith(f"{told[0]['line']}: /release/version: ")


def test_validating_a_valid_manifest_says_which_release_it_is() -> None:
    summary = validate_manifest(raw=sample_bytes())
    assert summary.changed == 0
    assert summary.data["digest"] == manifest.digest_of(sample_bytes())
    assert "1.4.0" in summary.message


@pytest.mark.parametrize(
    ("pattern", "type_", "name", "matches"),
    [
        ("app-api-{suffix}", "Microsoft.Web/sites", "app-api-abcdefghij234", True),
        ("app-api-{suffix}", "microsoft.web/SITES", "APP-API-ABCDEFGHIJ234", True),
        ("app-api-{suffix}", "Microsoft.Web/sites", "app-api-abcdefghij23", False),
        ("app-api-{suffix}", "Microsoft.Web/sites", "app-api-abcdefghij234-x", False),
        ("app-api-{suffix}", "Microsoft.Web/sites", "app-api-abcdefghij234\n", False),
        ("app-api-{suffix}", "Microsoft.Web/serverFarms", "app-api-abcdefghij234", False),
        ("app.api", "Microsoft.Web/sites", "app.api", True),
        ("app.api", "Microsoft.Web/sites", "appxapi", False),
    ],
)
def test_a_resource_is_recognised_by_type_and_name(
    pattern: str, type_: str, name: str, matches: bool
) -> None:
    assert Recognition("Microsoft.Web/sites", pattern).matches(type_, name) is matches


def test_the_instances_own_suffix_tells_its_resources_from_others() -> None:
    recognition = Recognition("Microsoft.Web/sites", "app-api-{suffix}")
    assert recognition.name("abcdefghij234") == "app-api-abcdefghij234"
    assert recognition.matches("Microsoft.Web/sites", "app-api-abcdefghij234", suffix="abcdefghij234")
    assert not recognition.matches("Microsoft.Web/sites", "app-api-zzzzzzzzzz234", suffix="abcdefghij234")
