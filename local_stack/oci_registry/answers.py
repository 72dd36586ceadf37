"""The distribution API of one registry: parse, check the token's scope, call, shape."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from local_stack.oci_registry.errors import NotSignedIn, OciProblem
from local_stack.oci_registry.listing import described, paged
from local_stack.oci_registry.manifests import INDEXES, LIMIT
from local_stack.oci_registry.names import checked_digest, checked_repository, digest_of, is_digest
from local_stack.oci_registry.registry import LocalRegistry
from local_stack.oci_registry.uploads import Uploads


class Answers:
    """Handlers of /v2/."""

    def __init__(self, registry: LocalRegistry) -> None:
        self._registry = registry
        self._content = registry.content
        self._uploads = Uploads(registry.content)
        self._hostile = registry.hostile

    async def base(self, _: web.Request) -> web.Response:
        return web.json_response({})

    async def get_manifest(self, request: web.Request) -> web.StreamResponse:
        repository = self._allowed(request, "pull")
        digest, media_type, file = self._content.manifest(repository, request.match_info["reference"])
        self._hostile.check_there(digest)
        kind = self._hostile.word("type", digest) or media_type
        headers = {"Docker-Content-Digest": self._hostile.header(digest), "ETag": f'"{digest}"'}
        lie = await self._hostile.serve(request, digest, file, kind, **headers)
        return lie or web.Response(body=file.read_bytes(), content_type=kind, headers=headers)

    async def put_manifest(self, request: web.Request) -> web.Response:
        repository, reference = self._allowed(request, "push"), request.match_info["reference"]
        raw = await request.content.read(LIMIT + 1)
        while len(raw) <= LIMIT and (more := await request.content.read(LIMIT + 1 - len(raw))):
            raw += more
        digest = digest_of(raw)
        if ":" in reference and checked_digest(reference) != digest:
            raise OciProblem("DIGEST_INVALID", "provided digest did not match uploaded content")
        parsed, fresh = self._content.add_manifest(repository, raw, request.content_type)
        tag = None if is_digest(reference) else reference
        moved = self._content.set_tag(repository, tag, digest) if tag else False
        _detail(request, self._registry, repository, digest=digest, tag=tag, changed=fresh or moved)
        subject = {"OCI-Subject": parsed.subject} if parsed.subject else {}
        headers = {"Docker-Content-Digest": digest, "Location": f"/v2/{repository}/manifests/{digest}"}
        return web.Response(status=201, headers={**headers, **subject})

    async def delete_manifest(self, request: web.Request) -> web.Response:
        repository, reference = self._allowed(request, "delete"), request.match_info["reference"]
        if is_digest(reference):
            self._content.remove_manifest(repository, reference)
        else:
            self._content.remove_tag(repository, reference)
        _detail(request, self._registry, repository, reference=reference, changed=True)
        return web.Response(status=202)

    async def get_blob(self, request: web.Request) -> web.StreamResponse:
        repository = self._allowed(request, "pull")
        digest = checked_digest(request.match_info["digest"])
        file = self._content.blob(repository, digest)
        self._hostile.check_there(digest)
        if request.method == "HEAD":
            headers = {"Docker-Content-Digest": self._hostile.header(digest), "Accept-Ranges": "bytes"}
            return web.FileResponse(file, headers={"Content-Type": "application/octet-stream", **headers})
        query = urlencode({"sig": self._registry.signature(digest)})
        true = f"https://{self._registry.data_host}/blobs/{digest}?{query}"
        place = self._hostile.word("redirect", digest) or true
        return web.Response(status=307, headers={"Location": place, "Docker-Content-Digest": digest})

    async def delete_blob(self, request: web.Request) -> web.Response:
        repository, digest = self._allowed(request, "delete"), request.match_info["digest"]
        self._content.remove_blob(repository, digest)
        _detail(request, self._registry, repository, digest=digest, changed=True)
        return web.Response(status=202)

    async def start_upload(self, request: web.Request) -> web.Response:
        repository, mount = self._allowed(request, "push"), request.query.get("mount", "")
        if mount and self._mounted(request, repository, checked_digest(mount)):
            return _created(repository, mount)
        upload_id = self._uploads.start(repository)
        digest = request.query.get("digest", "")
        if digest:
            return await self._finish(request, repository, upload_id, digest)
        request["unlogged"] = True  # nothing is there until it ends
        return self._progress(repository, upload_id, 202)

    async def get_upload(self, request: web.Request) -> web.Response:
        repository = self._allowed(request, "push")
        return self._progress(repository, request.match_info["upload"], 204)

    async def patch_upload(self, request: web.Request) -> web.Response:
        repository, upload_id = self._allowed(request, "push"), request.match_info["upload"]
        await self._uploads.append(self._uploads.find(repository, upload_id), request)
        request["unlogged"] = True
        return self._progress(repository, upload_id, 202)

    async def put_upload(self, request: web.Request) -> web.Response:
        repository = self._allowed(request, "push")
        digest = request.query.get("digest", "")
        return await self._finish(request, repository, request.match_info["upload"], digest)

    async def delete_upload(self, request: web.Request) -> web.Response:
        repository = self._allowed(request, "push")
        self._uploads.find(repository, request.match_info["upload"])
        self._uploads.cancel(request.match_info["upload"])
        request["unlogged"] = True
        return web.Response(status=204)

    async def list_tags(self, request: web.Request) -> web.Response:
        repository = self._allowed(request, "pull", "metadata_read")
        tags, link = paged(request, self._content.tags(repository))
        if elsewhere := self._hostile.word("next_page"):
            link = {"Link": f'<{elsewhere}>; rel="next"'}
        return web.json_response({"name": repository, "tags": tags}, headers=link)

    async def catalog(self, request: web.Request) -> web.Response:
        self._require(request, "registry", "catalog", "*")
        names, link = paged(request, self._content.repositories())
        return web.json_response({"repositories": names}, headers=link)

    async def list_referrers(self, request: web.Request) -> web.Response:
        repository, wanted = self._allowed(request, "pull"), request.query.get("artifactType")
        subject = checked_digest(request.match_info["digest"])
        found = [
            described(digest, kept)
            for digest, kept in self._content.referrers(repository, subject)
            if wanted in (None, kept["artifactType"])
        ]
        body = {"schemaVersion": 2, "mediaType": INDEXES[0], "manifests": found}
        headers = {"OCI-Filters-Applied": "artifactType"} if wanted else {}
        return web.json_response(body, content_type=INDEXES[0], headers=headers)

    async def _finish(
        self, request: web.Request, repository: str, upload_id: str, digest: str
    ) -> web.Response:
        upload = self._uploads.find(repository, upload_id)
        await self._uploads.append(upload, request)
        changed = self._uploads.finish(upload_id, upload, digest)
        _detail(request, self._registry, repository, digest=digest, size=upload.size, changed=changed)
        return _created(repository, digest)

    def _mounted(self, request: web.Request, repository: str, digest: str) -> bool:
        source = request.query.get("from", "")
        if not source or not _holds(request["access"], "repository", checked_repository(source), "pull"):
            return False
        if not self._content.has_blob(source, digest):
            return False
        changed = self._content.link_blob(repository, digest)
        _detail(request, self._registry, repository, digest=digest, mounted=source, changed=changed)
        return True

    def _progress(self, repository: str, upload_id: str, status: int) -> web.Response:
        upload = self._uploads.find(repository, upload_id)
        headers = {
            "Location": f"{self._hostile.word('upload_place')}/v2/{repository}/blobs/uploads/{upload_id}",
            "Range": f"0-{max(upload.size - 1, 0)}",
            "Docker-Upload-UUID": upload_id,
        }
        return web.Response(status=status, headers=headers)

    def _allowed(self, request: web.Request, *actions: str) -> str:
        repository = checked_repository(request.match_info["repository"])
        self._require(request, "repository", repository, *actions)
        return repository

    def _require(self, request: web.Request, kind: str, name: str, *actions: str) -> None:
        if not any(_holds(request["access"], kind, name, action) for action in actions):
            raise NotSignedIn([{"Type": kind, "Name": name, "Action": actions[0]}])


def scope_of(request: web.Request) -> str:
    """Return the scope that a 401 asks for: as Azure does, wider for a push than what pull needs."""
    name = request.match_info.get("repository")
    if request.path == "/v2/_catalog":
        return "registry:catalog:*"
    if not name:
        return ""
    actions = {"GET": "pull", "HEAD": "pull", "DELETE": "delete"}.get(request.method, "pull,push")
    return f"repository:{name}:{actions}"


def _holds(access: list[dict[str, Any]], kind: str, name: str, action: str) -> bool:
    return any(
        grant["type"] == kind and grant["name"] == name and action in grant["actions"] for grant in access
    )


def _created(repository: str, digest: str) -> web.Response:
    headers = {"Location": f"/v2/{repository}/blobs/{digest}", "Docker-Content-Digest": digest}
    return web.Response(status=201, headers=headers)


def _detail(request: web.Request, registry: LocalRegistry, repository: str, **facts: Any) -> None:
    known = {key: value for key, value in facts.items() if value is not None}
    request["detail"] = {"registry": registry.login_server, "repository": repository, **known}
