"""An artifact in the publisher's registry, and everybody who reads it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from oci import media_types
from oci.copying import copy
from oci.errors import OciError
from oci.layout import Layout
from oci.package import pack_files
from oci.pulling import pull
from oci.registry import Repository
from tests.oci.rig import Rig

REPOSITORY = "vibedata/runbooks/check"


TYPES = {"artifact_type": media_types.RUNBOOK, "layer_type": media_types.RUNBOOK_SCRIPT}


class Victim:
    """An artifact in the publisher's registry, and everybody who reads it."""

    def __init__(self, rig: Rig, folder: Path) -> None:
        self.rig = rig
        self.folder = folder
        self.source = rig.registry("publisher").repository(REPOSITORY)
        self.target = rig.registry("customer").repository(REPOSITORY)
        layout = Layout.create(folder / "layout")
        self.manifest = pack_files({"check.py": os.urandom(150_000)}, layout, **TYPES, tag="1")
        copy(layout, "1", self.source, tag="1")
        self.layer = self.manifest.layers[0].digest
        self.digest = self.manifest.descriptor.digest

    def lie(self, what: str, word: str, digest: str = "") -> None:
        self.rig.stack.faults.set(".".join(filter(None, ("oci_registry", what, digest))), word)

    def refused(self, code: str, reference: str, source: Repository | None = None) -> OciError:
        """Pull and copy: both end with the code, say what to do, and leave nothing."""
        folder = self.folder / "pulled"
        with pytest.raises(OciError) as pulled:
            pull(source or self.source, reference, folder / "out")
        assert not folder.exists() or list(folder.iterdir()) == []
        with pytest.raises(OciError) as copied:
            copy(source or self.source, reference, self.target, tag="1")
        assert pulled.value.code == copied.value.code == code, (pulled.value, copied.value)
        assert pulled.value.hint
        assert not self.target.has_manifest(self.digest)
        with pytest.raises(OciError, match="oci-not-found"):
            self.target.resolve("1")
        return pulled.value
