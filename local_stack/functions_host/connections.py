"""Identity-based connections: a setting of exactly the connection's name wins, then those with its prefix."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from local_stack.functions_host.app_settings import find
from local_stack.functions_host.errors import HostError

STORAGE_AUDIENCE = "https://storage.azure.com"
HUB_AUDIENCE = "https://eventhubs.azure.net"
HOST_STORAGE = "AzureWebJobsStorage"


@dataclass(frozen=True)
class Connection:
    """Where a service answers and which identity asks there; an empty client id is the system-assigned one."""

    url: str
    audience: str
    client_id: str = ""


def queue_service(settings: Mapping[str, str], name: str) -> Connection:
    """Return the queue service of a connection. Raises HostError naming the missing setting."""
    return Connection(_storage_url(settings, name, "queue"), STORAGE_AUDIENCE, _client_id(settings, name))


def blob_service(settings: Mapping[str, str], name: str = HOST_STORAGE) -> Connection:
    """Return the blob service of a connection. Raises HostError naming the missing setting."""
    return Connection(_storage_url(settings, name, "blob"), STORAGE_AUDIENCE, _client_id(settings, name))


def event_hubs(settings: Mapping[str, str], name: str) -> tuple[Connection, str]:
    """Return a namespace's connection and its fullyQualifiedNamespace. Raises HostError."""
    _refuse_secret(settings, name)
    namespace = find(settings, f"{name}__fullyQualifiedNamespace")
    if not namespace:
        raise _missing(name, "fullyQualifiedNamespace")
    namespace = namespace.removeprefix("https://").rstrip("/")
    return Connection(f"https://{namespace}", HUB_AUDIENCE, _client_id(settings, name)), namespace


def _storage_url(settings: Mapping[str, str], name: str, service: str) -> str:
    _refuse_secret(settings, name)
    url = find(settings, f"{name}__{service}ServiceUri") or find(settings, f"{name}__serviceUri")
    account = find(settings, f"{name}__accountName")
    if not url and account:
        url = f"https://{account}.{service}.core.windows.net"
    if not url:
        raise _missing(name, f"{service}ServiceUri")
    return url.rstrip("/")


def _client_id(settings: Mapping[str, str], name: str) -> str:
    credential = find(settings, f"{name}__credential") or "managedidentity"
    if credential.lower() != "managedidentity":
        raise HostError(f"The setting {name}__credential is {credential!r}; this host knows managedidentity.")
    return find(settings, f"{name}__clientId") or ""


def _refuse_secret(settings: Mapping[str, str], name: str) -> None:
    for exact in (name, f"AzureWebJobs{name}"):
        if find(settings, exact):
            raise HostError(
                f"The setting {exact} holds a connection string, which wins over {name}__…; this host takes "
                "identity-based connections only. Remove it."
            )


def _missing(name: str, part: str) -> HostError:
    return HostError(
        f"The connection {name} has no setting {name}__{part} (nor {name}). "
        f"Add it to the Values of local.settings.json."
    )
