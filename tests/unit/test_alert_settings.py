"""The Function app's settings come from the environment alone, and what is missing is named."""

from __future__ import annotations

from typing import Any

import pytest

from tests.entrances.test_function_app import SETTINGS
from vibedata import alert_settings
from vibedata.errors import BadInput

ENVIRON: dict[str, str] = {f"VIBEDATA_{name.upper()}": str(value) for name, value in SETTINGS.items()}


def test_they_are_read_and_the_fallback_is_shut_unless_it_is_opened() -> None:
    loaded = alert_settings.load({**ENVIRON, "VIBEDATA_HOME": "/nowhere", "VIBEDATA_UNHEARD_OF": "x"})
    assert loaded == alert_settings.AlertSettings(**SETTINGS)
    assert (loaded.alert_http_audience, loaded.alert_http_caller) == ("", alert_settings.ACTION_GROUPS_APP)


def test_every_missing_one_is_named_at_once() -> None:
    with pytest.raises(BadInput) as caught:
        alert_settings.load({"VIBEDATA_TENANT_ID": "t"})
    assert caught.value.code == "settings-missing"
    assert set(caught.value.detail["missing"]) == set(SETTINGS) - {"tenant_id"}
    assert "settings.json" not in caught.value.message


def test_it_is_the_engines_loader() -> None:
    given: dict[str, Any] = {**ENVIRON, "VIBEDATA_ALERT_HTTP_AUDIENCE": "api://x"}
    assert alert_settings.load(given).alert_http_audience == "api://x"
