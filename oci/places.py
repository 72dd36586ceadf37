"""The places that a command names, each opened once: what is shared between them is connections and tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from oci.auth import Credentials
from oci.layout import Layout
from oci.references import Reference
from oci.registry import Registry
from oci.stores import Store


@dataclass
class Places:
    """Opens stores with the credentials of their side."""

    credentials: Credentials
    source_credentials: Credentials
    ca_file: Path | None
    token_hosts: Sequence[str] = ()
    _registries: dict[tuple[str, bool], Registry] = field(default_factory=dict)
    _layouts: dict[Path, Layout] = field(default_factory=dict)

    def source(self, reference: Reference) -> Store:
        """Return what is read from. Raises OciError (oci-layout-invalid)."""
        if reference.layout is not None:
            return self._layouts.setdefault(reference.layout, Layout.open(reference.layout))
        alone = self.source_credentials is not self.credentials
        return self._registry(reference.host, alone).repository(reference.repository)

    def target(self, reference: Reference) -> Store:
        """Return what is written to; a layout is made where there is none."""
        if reference.layout is not None:
            return self._layouts.setdefault(reference.layout, Layout.create(reference.layout))
        return self._registry(reference.host, False).repository(reference.repository)

    def _registry(self, host: str, as_source: bool) -> Registry:
        signed = self.source_credentials if as_source else self.credentials
        key = (host, as_source)
        if key not in self._registries:
            self._registries[key] = Registry(host, signed, ca_file=self.ca_file, token_hosts=self.token_hosts)
        return self._registries[key]
