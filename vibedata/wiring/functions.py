"""Builds the ports of the Function app, as `vibedata-uami`: once in a process, at the first call of a function."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

from vibedata import alert_settings
from vibedata.wiring.alert_ports import AlertPorts


class FunctionWires(AlertPorts):
    """What each function's flow needs: the method of a function's name returns its keyword ports."""

    _of_process: FunctionWires | None = None
    _guard = threading.RLock()

    @classmethod
    def of_this_process(cls) -> FunctionWires:
        """Return the wires of this process, made from its environment at the first call.

        Raises BadInput (settings-missing, settings-invalid).
        """
        with cls._guard:
            if cls._of_process is None:
                cls._of_process = cls(alert_settings.load(os.environ))
            return cls._of_process

    def receive_alert(self) -> dict[str, Any]:
        """Return the ports of `receive_alert`."""
        return {"queue": self.queue(), "rejected": self.rejected(), "clock": self.clock}

    def process_alert(self) -> dict[str, Any]:
        """Return the ports of `process_alert`."""
        return {
            "claims": self.claims(),
            "registry": self.registry(),
            "incidents": self.incidents(),
            "deliveries": self.deliveries(),
            "rows": self.rows(),
            "notices": self.notices(),
            "clock": self.clock,
            "instance_id": self.settings.instance_id,
        }

    def put_off_alert(self) -> dict[str, Any]:
        """Return the ports of `put_off_alert`, which `process_alert` ends with where it fails."""
        return {
            "queue": self.queue(),
            "outages": self.outages(),
            "clock": self.clock,
            "first_seconds": self.settings.alert_put_off_seconds,
        }

    def sweep_alerts(self) -> dict[str, Any]:
        """Return the ports of `sweep_alerts`."""
        return {
            "claims": self.claims(),
            "rejected": self.rejected(),
            "incidents": self.incidents(),
            "deliveries": self.deliveries(),
            "rows": self.rows(),
            "clock": self.clock,
            "instance_id": self.settings.instance_id,
        }

    def record_poisoned(self) -> dict[str, Any]:
        """Return the ports of `record_poisoned`."""
        return {
            "poisoned": self.poisoned(),
            "claims": self.claims(),
            "rows": self.rows(),
            "clock": self.clock,
            "instance_id": self.settings.instance_id,
        }

    def record_stranded(self) -> dict[str, Any]:
        """Return the ports of `record_stranded`."""
        return {**self.record_poisoned(), "stranded": self.stranded()}

    def reconcile_alerts(self) -> dict[str, Any]:
        """Return the ports of `reconcile_alerts`."""
        return {
            "instances": self.instances(),
            "incidents": self.incidents(),
            "queue": self.queue(),
            "watermarks": self.watermarks(),
            "rows": self.rows(),
            "clock": self.clock,
            "instance_id": self.settings.instance_id,
        }


Wires = Callable[[], FunctionWires]
