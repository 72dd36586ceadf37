"""Names of what an artifact holds; docs/oci.md says what each one looks like inside.

Every manifest is a plain OCI image manifest with the empty config, so that any registry and any client takes
it; what it is stands in `artifactType`.
"""

from __future__ import annotations

IMAGE_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
IMAGE_INDEX = "application/vnd.oci.image.index.v1+json"
EMPTY_CONFIG = "application/vnd.oci.empty.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"

MANIFESTS = (IMAGE_MANIFEST, DOCKER_MANIFEST)
INDEXES = (IMAGE_INDEX, DOCKER_LIST)
ACCEPTED = (*MANIFESTS, *INDEXES)

RELEASE = "application/vnd.vibedata.release.v1"
RELEASE_MANIFEST = "application/vnd.vibedata.release.manifest.v1+json"
RUNBOOK = "application/vnd.vibedata.runbook.v1"
RUNBOOK_SCRIPT = "application/vnd.vibedata.runbook.v1+python"
BUNDLE = "application/vnd.vibedata.bundle.v1"
BUNDLE_LAYER = "application/vnd.vibedata.bundle.layer.v1.tar"
COMPONENT = "application/vnd.vibedata.component.v1"

TITLE = "org.opencontainers.image.title"
REF_NAME = "org.opencontainers.image.ref.name"
