"""Where a resource can be reached: endpoints as its own properties name them, as URLs.

A host may carry a port (another address for the same thing); the host alone is the private FQDN that DNS must
resolve to a private address. The first endpoint of a resource is the one that probes ask.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

_HTTPS = "https"
_STORAGE = tuple(
    (name, f"primaryEndpoints.{name}", _HTTPS) for name in ("blob", "table", "queue", "file", "dfs")
)

# ARM type → (name of the endpoint, property that holds its host or URL, scheme when it holds a host)
PROPERTIES: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "microsoft.automation/automationaccounts": (("hybrid", "automationHybridServiceUrl", _HTTPS),),
    "microsoft.cognitiveservices/accounts": (("api", "endpoint", _HTTPS),),
    "microsoft.containerregistry/registries": (("registry", "loginServer", _HTTPS),),
    "microsoft.containerservice/managedclusters": (("api", "privateFQDN", _HTTPS),),
    "microsoft.dbforpostgresql/flexibleservers": (("database", "fullyQualifiedDomainName", "postgresql"),),
    "microsoft.keyvault/vaults": (("vault", "vaultUri", _HTTPS),),
    "microsoft.search/searchservices": (("search", "endpoint", _HTTPS),),
    "microsoft.storage/storageaccounts": _STORAGE,
    "microsoft.web/sites": (("web", "defaultHostName", _HTTPS),),
}
MAX_URL_CHARS = 2048
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")


def endpoints_of(resource_type: str, properties: Mapping[str, Any]) -> dict[str, str]:
    """Return the endpoints that a resource's properties name, by name; what is no usable URL is left out."""
    known = PROPERTIES.get(resource_type.lower(), ())
    found = {name: _url(value_at(properties, path), scheme) for name, path, scheme in known}
    return {name: url for name, url in found.items() if url}


def host_and_port(url: str) -> tuple[str, int | None]:
    """Return the host of an endpoint, and its port when the URL names one."""
    parts = urlsplit(url)
    return parts.hostname or "", parts.port


def value_at(document: Mapping[str, Any], path: str) -> Any:
    """Return what lies at property names joined by dots (in any case); None when nothing does."""
    value: Any = document
    for name in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = next((v for key, v in value.items() if key.lower() == name.lower()), None)
    return value


def _url(value: Any, scheme: str) -> str:
    if not isinstance(value, str) or not value or len(value) > MAX_URL_CHARS:
        return ""
    parts = _split(value if "://" in value else f"{scheme}://{value}")
    if parts is None or parts.scheme not in (_HTTPS, "postgresql"):
        return ""
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}"


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        usable = parts.hostname and _HOST.fullmatch(parts.hostname) and "@" not in parts.netloc
        return parts if usable and (parts.port is None or parts.port > 0) else None
    except ValueError:
        return None
