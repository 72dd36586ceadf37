"""Settings come from the worker's file, the environment wins, and what is missing is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.builders.signing import KEY, OTHER_KEY
from vibedata import settings
from vibedata.errors import BadInput

REQUIRED = {
    "tenant_id": "t",
    "subscription_id": "s",
    "resource_group": "g",
    "instance_id": "i",
    "uami_client_id": "c",
    "automation_account": "a",
    "customer_registry": "cr.azurecr.io",
    "customer_registry_name": "cr",
    "publisher_registry": "p.azurecr.io",
    "release_keys": [str(KEY.key)],
    "image_tag": "day0",
    "blob_endpoint": "https://b",
    "table_endpoint": "https://t",
    "logs_ingestion_endpoint": "https://l",
    "dcr_immutable_id": "dcr-1",
    "log_workspace_id": "w",
}


def write(folder: Path, document: object) -> dict[str, str]:
    (folder / "settings.json").write_text(json.dumps(document), "utf-8")
    return {"VIBEDATA_HOME": str(folder)}


def test_the_file_is_read_and_the_environment_wins(tmp_path: Path) -> None:
    environ = write(tmp_path, REQUIRED) | {
        "VIBEDATA_IMAGE_TAG": "next",
        "VIBEDATA_PROPAGATION_SECONDS": "2.5",
    }
    loaded = settings.load(environ)
    assert (loaded.image_tag, loaded.propagation_seconds) == ("next", 2.5)
    assert loaded.arm_endpoint == "https://management.azure.com"


def test_a_list_is_comma_separated_in_the_environment(tmp_path: Path) -> None:
    environ = write(tmp_path, REQUIRED) | {"VIBEDATA_DNS_SERVERS": "127.0.0.1:53, 10.0.0.4"}
    assert settings.load(environ).dns_servers == ["127.0.0.1:53", "10.0.0.4"]


def test_every_missing_setting_is_named_at_once(tmp_path: Path) -> None:
    given = {key: value for key, value in REQUIRED.items() if key not in ("tenant_id", "image_tag")}
    with pytest.raises(BadInput) as caught:
        settings.load(write(tmp_path, given))
    assert caught.value.code == "settings-missing"
    assert caught.value.detail["missing"] == ["tenant_id", "image_tag"]


def test_a_broken_file_is_no_silent_default(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text("{", "utf-8")
    with pytest.raises(BadInput, match="settings-unreadable"):
        settings.load({"VIBEDATA_HOME": str(tmp_path)})


def test_a_number_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="VIBEDATA_JOB_POLL_SECONDS"):
        settings.load(write(tmp_path, REQUIRED) | {"VIBEDATA_JOB_POLL_SECONDS": "soon"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("blob_endpoint", 7),
        ("dns_servers", "127.0.0.1"),
        ("dns_servers", [53]),
        ("propagation_seconds", "600"),
        ("propagation_seconds", -1),
        ("propagation_seconds", True),
        ("job_poll_seconds", float("inf")),
        ("release_keys", "ed25519:x"),
        ("release_threshold", "1"),
        ("release_threshold", 1.0),
        ("release_threshold", True),
    ],
)
def test_a_value_of_another_kind_is_refused_by_name(tmp_path: Path, name: str, value: object) -> None:
    file = tmp_path / "settings.json"
    file.write_text(json.dumps({**REQUIRED, name: value}))
    with pytest.raises(BadInput, match=name) as caught:
        settings.load({}, file)
    assert caught.value.code == "settings-invalid"


def test_keys_and_threshold_come_from_the_environment_too(tmp_path: Path) -> None:
    both = f"{KEY.key},{OTHER_KEY.key}"
    environ = write(tmp_path, REQUIRED) | {"VIBEDATA_RELEASE_KEYS": both, "VIBEDATA_RELEASE_THRESHOLD": "2"}
    loaded = settings.load(environ)
    assert (loaded.release_keys, loaded.release_threshold) == ([str(KEY.key), str(OTHER_KEY.key)], 2)


@pytest.mark.parametrize(
    "changes",
    [
        {"release_keys": []},
        {"release_keys": ["ed25519:" + "A" * 43]},
        {"release_keys": ["no key"]},
        {"release_threshold": 0},
        {"release_threshold": 2},
    ],
)
def test_keys_under_which_nothing_could_be_trusted_are_refused(
    tmp_path: Path, changes: dict[str, object]
) -> None:
    with pytest.raises(BadInput) as caught:
        settings.load(write(tmp_path, {**REQUIRED, **changes}))
    assert caught.value.code == "release-keys-invalid"


def test_without_pinned_keys_nothing_starts(tmp_path: Path) -> None:
    given = {key: value for key, value in REQUIRED.items() if key != "release_keys"}
    with pytest.raises(BadInput) as caught:
        settings.load(write(tmp_path, given))
    assert caught.value.detail["missing"] == ["release_keys"]
