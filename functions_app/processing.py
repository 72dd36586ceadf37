"""What becomes of an alert on the queue, and what keeps its tables and its spool small."""

from __future__ import annotations

import azure.functions as func

from functions_app.host import most_tries
from functions_app.telling import told, told_put_off
from vibedata.alerts.message import Message, decode
from vibedata.errors import Blocked, Transient, VibedataError
from vibedata.flows import process_alert as flow
from vibedata.flows import put_off_alert
from vibedata.flows import sweep_alerts as sweep
from vibedata.wiring.functions import FunctionWires, Wires

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
            _process(alert, message.dequeue_count or 1, wired)

    @made.function_name("sweep_alerts")
    @made.timer_trigger(arg_name="timer", schedule=EVERY_5_MINUTES, run_on_startup=False, use_monitor=True)
    def sweep_alerts(timer: func.TimerRequest) -> None:  # noqa: ARG001 - a late run does no other than one on time
        with told("sweep_alerts"):
            sweep.run(**wires().sweep_alerts())

    return made


def _process(alert: Message, tries: int, wired: FunctionWires) -> None:
    """Process a message, or put it off when that has failed often enough for a reason that may pass."""
    is_retry = tries > 1 or alert.came_before
    try:
        flow.run(alert, is_retry=is_retry, **wired.process_alert())
    except (Transient, Blocked) as error:
        if not _is_put_off(alert, error, tries, wired):
            raise


def _is_put_off(alert: Message, why: Transient | Blocked, tries: int, wired: FunctionWires) -> bool:
    try:
        later = put_off_alert.run(alert, why, tries=tries, most=most_tries(), **wired.put_off_alert())
    except VibedataError as error:  # the queue takes nothing either: the host tries again, or gives up
        told_put_off(why, f"could not be put off ({error.code}: {error.message})")
        return False
    if later is None:
        return False
    times, since = later.put_off.times, later.put_off.since.isoformat(timespec="seconds")
    told_put_off(why, f"is put off for {later.seconds:.0f} s (number {times} since {since})")
    return True
