"""What the processor gave up: kept, told in a row, and only then let go of."""

from __future__ import annotations

import azure.functions as func

from functions_app.telling import told
from vibedata.flows import record_poisoned as record_poisoned_flow
from vibedata.flows import record_stranded as record_stranded_flow
from vibedata.wiring.functions import Wires

HOURLY = "0 50 * * * *"


def blueprint(wires: Wires) -> func.Blueprint:
    """Return the functions `record_poisoned` and `record_stranded`."""
    made = func.Blueprint()

    @made.function_name("record_poisoned")
    @made.queue_trigger(arg_name="message", queue_name="alerts-poison", connection="AlertQueue")
    def record_poisoned(message: func.QueueMessage) -> None:
        with told("record_poisoned"):
            record_poisoned_flow.run(
                message.get_body(), dequeue_count=message.dequeue_count, **wires().record_poisoned()
            )

    @made.function_name("record_stranded")
    @made.timer_trigger(arg_name="timer", schedule=HOURLY, run_on_startup=False, use_monitor=True)
    def record_stranded(timer: func.TimerRequest) -> None:  # noqa: ARG001 - a late run does no other than one on time
        with told("record_stranded"):
            record_stranded_flow.run(**wires().record_stranded())

    return made
