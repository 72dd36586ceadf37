"""Copying takes the memory of its pieces, not of what is copied."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from bench.copying import LAUNCHER
from oci.descriptor import Descriptor
from oci.hashing import describe_file
from oci.manifest import image_manifest
from oci.media_types import IMAGE_MANIFEST
from tests.oci.pair import KIND, MEGABYTE, Pair


def test_memory_does_not_grow_with_what_is_copied(pair: Pair, tmp_path: Path) -> None:
    peaks = [copied_in_a_process(pair, tmp_path, megabytes) for megabytes in (64, 512)]
    assert max(peaks) < 100
    assert peaks[1] < peaks[0] + 16


def copied_in_a_process(pair: Pair, folder: Path, megabytes: int) -> float:
    """Copy a layer of that size by the command; return the peak of its memory in megabytes."""
    file, piece = folder / f"{megabytes}", os.urandom(MEGABYTE)
    with file.open("wb") as out:
        for number in range(megabytes):
            out.write(number.to_bytes(8, "big") + piece[8:])
    with file.open("rb") as whole:
        layer = describe_file(whole, KIND)
    source = pair.client(pair.source.host).repository(f"large/{megabytes}")
    source.push_blob(layer, file)
    source.push_blob(Descriptor.of("application/vnd.oci.empty.v1+json", b"{}"), b"{}")
    source.push_manifest(image_manifest(KIND, [layer]), IMAGE_MANIFEST, "1")
    file.unlink()
    call = [
        *(
            sys.executable,
            "-m",
            "oci",
            "copy",
            f"{source.label}:1",
            f"{pair.target.host}/large/{megabytes}:1",
        ),
        *("--ca-file", str(pair.there.ca_file), "--token-host", pair.there.tokens.host),
    ]
    environment = {
        "OCI_USERNAME": pair.there.username,
        "OCI_PASSWORD": pair.there.password,
        "PATH": os.environ["PATH"],
    }
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(LAUNCHER)],
        input=json.dumps({"commands": [call]}), env={**environment, "PYTHONPATH": str(LAUNCHER.parents[1])},
        capture_output=True, text=True, timeout=250, check=True,
    )  # fmt: skip
    told = json.loads(done.stdout)
    assert not told["failed"], done.stderr
    return told["peak"] / 1024
