"""A function that fails says why in the log: our code, and what to do, once."""

from __future__ import annotations

import logging
from typing import Any

import azure.functions as func
import pytest
from azure.functions.queue import QueueMessage

from functions_app import alerts, poison, processing, reconciliation
from vibedata.errors import Failed

MODULES = (alerts, processing, poison, reconciliation)
GIVEN: dict[str, Any] = {
    "relay_alerts": [],
    "process_alert": QueueMessage(id="1", body=b"{}"),
    "record_poisoned": QueueMessage(id="1", body=b"{}"),
    "sweep_alerts": None,
    "record_stranded": None,
    "reconcile_alerts": None,
}


def broken() -> Any:
    raise Failed("alert-claim-missing", "It is not there.", hint="Look in Azure Monitor.")


def functions() -> dict[str, Any]:
    app = func.FunctionApp()
    for module in MODULES:
        app.register_functions(module.blueprint(broken))
    return {found.get_function_name(): found.get_user_function() for found in app.get_functions()}


@pytest.mark.parametrize("name", GIVEN)
def test_a_failure_is_logged_once_with_code_and_remedy(name: str, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(Failed), caplog.at_level(logging.DEBUG):
        functions()[name](GIVEN[name])
    (said,) = [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR]
    assert said == (
        f"{name} failed: alert-claim-missing: It is not there. What to do: Look in Azure Monitor."
    )


def test_every_function_that_the_host_runs_again_says_why() -> None:
    assert set(functions()) - {"receive_alert"} == set(GIVEN), "receive_alert answers, and logs, by itself"
