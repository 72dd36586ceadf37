"""Azure Container Registry: one OCI registry per ARM resource, its tokens, and importImage."""

from local_stack.oci_registry.paths import OciRegistry as service

__all__ = ["service"]
