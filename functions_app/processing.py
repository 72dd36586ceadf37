"""What becomes of an alert on the queue, and what keeps its tables and its spool small."""

from __future__ import annotations

import azure.functions as func

from functions_app.telling import told
from vibedata.alerts.message import decode
from vibedata.flows import process_alert as flow
from vibedata.flows import sweep_alerts as sweep
from vibedata.wiring.functions import Wires

EVERY_5_MINUTES = "0 */5 * * * *"  # sweep_alerts.EVERY: each run takes the share whose turn it is


def blueprint(wires: Wires) -> func.Blueprint:
    """Return the functions `process_alert` and `sweep_alerts`."""
    made = func.Blueprint()

    @made.function_name("process_alert")
    @made.queue_trigger(arg_name="message", queue_name="alerts", connection="AlertQueue")
    def process_alert(message: func.QueueMessage) -> None:
        with told("process_alert"):
            wired = wires()
            arrived = message.insertion_time or wired.clock()
            alert = decode(message.get_body(), arrived=arrived)
            flow.run(alert, is_retry=(message.dequeue_count or 0) > 1, **wired.process_alert())

    @made.function_name("sweep_alerts")
    @made.timer_trigger(arg_name="timer", schedule=EVERY_5_MINUTES, run_on_startup=False, use_monitor=True)
    def sweep_alerts(timer: func.TimerRequest) -> None:  # noqa: ARG001 - a late run does no other than one on time
        with told("sweep_alerts"):
            sweep.run(**wires().sweep_alerts())

    return made
