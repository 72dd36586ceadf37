"""The one wiring place: settings in, ports out. An adapter is imported only where its verb needs it.

So importing one verb loads that verb's SDKs and no other's (a house test says so). One module for each of those who
ask: the engine on the worker, whoever deploys an instance, whoever makes releases.
"""

from vibedata.wiring.engine import Clock, Wires, running_bundle, utc_now

__all__ = ["Clock", "Wires", "running_bundle", "utc_now"]
