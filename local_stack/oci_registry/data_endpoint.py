"""Where blobs are served: another host, opened by a signature in the address and by nothing else.

Azure's storage refuses a request that carries both a signature and an Authorization header, so a client that
leaks its token along a redirect fails here as it fails there.
"""

from __future__ import annotations

import hmac

from aiohttp import web

from local_stack.core.errors import WireError
from local_stack.oci_registry.registry import LocalRegistry


class DataEndpoint:
    """Serves one registry's blobs, with Range."""

    def __init__(self, registry: LocalRegistry) -> None:
        self._registry = registry

    async def get(self, request: web.Request) -> web.StreamResponse:
        digest = request.match_info["digest"]
        file = self._registry.content.path(digest)
        if "Authorization" in request.headers:
            raise WireError(
                400, "InvalidAuthenticationInfo", "Authentication information is given in two places."
            )
        if not hmac.compare_digest(request.query.get("sig", ""), self._registry.signature(digest)):
            raise WireError(403, "AuthenticationFailed", "The signature in the address is not valid.")
        if not file.is_file():
            raise WireError(404, "BlobNotFound", "The specified blob does not exist.")
        lie = await self._registry.hostile.serve(request, digest, file)
        return lie or web.FileResponse(file, headers={"Content-Type": "application/octet-stream"})
