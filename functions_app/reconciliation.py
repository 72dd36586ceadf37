"""The safety net under the intake: every quarter of an hour, what Azure knows and no delivery told us."""

from __future__ import annotations

import azure.functions as func

from functions_app.telling import told
from vibedata.flows import reconcile_alerts as flow
from vibedata.wiring.functions import Wires

EVERY_15_MINUTES = "0 */15 * * * *"


def blueprint(wires: Wires) -> func.Blueprint:
    """Return the function `reconcile_alerts`."""
    made = func.Blueprint()

    @made.function_name("reconcile_alerts")
    @made.timer_trigger(arg_name="timer", schedule=EVERY_15_MINUTES, run_on_startup=False, use_monitor=True)
    def reconcile_alerts(timer: func.TimerRequest) -> None:  # noqa: ARG001 - a late run does no other than one on time
        with told("reconcile_alerts"):
            flow.run(**wires().reconcile_alerts())

    return made
