"""Event Hubs: namespaces, hubs and consumer groups in ARM; sending over HTTPS as in Azure; a stand-in for receiving."""

from local_stack.event_hub.paths import EventHubService as service

__all__ = ["service"]
