"""The functions by what they do: each module makes a blueprint, whose handlers only translate and call a flow.

A blueprint gets `wires`, which builds the ports at the first call and keeps them: importing this reads no
environment, opens no socket and loads no SDK but azure.functions.
"""

from __future__ import annotations

import azure.functions as func

from functions_app import alerts, poison, processing, reconciliation
from vibedata.wiring.functions import Wires

MODULES = (alerts, processing, poison, reconciliation)


def blueprints(wires: Wires) -> list[func.Blueprint]:
    """Return the blueprints of the app."""
    return [module.blueprint(wires) for module in MODULES]
