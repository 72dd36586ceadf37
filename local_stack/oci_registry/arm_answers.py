"""Microsoft.ContainerRegistry in ARM: importImage and generateCredentials."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from local_stack.core.arm_ids import scope_of
from local_stack.core.bodies import json_object
from local_stack.core.context import Context
from local_stack.core.errors import WireError
from local_stack.core.principals import Principal
from local_stack.oci_registry.errors import ImportFailed
from local_stack.oci_registry.grants import parse_time
from local_stack.oci_registry.image_import import Asked, Changed, check_network, check_tags, copy, read
from local_stack.oci_registry.registry import LocalRegistry
from local_stack.oci_registry.sign_in import REGISTRY_AUDIENCE
from local_stack.oci_registry.source import Source, SourceCredentials

NAMESPACE = "Microsoft.ContainerRegistry"
_PASSWORDS = ("password1", "password2")


class ArmAnswers:
    """Handlers of the actions on a registry."""

    def __init__(self, ctx: Context, registries: dict[str, LocalRegistry]) -> None:
        self._ctx = ctx
        self._registries = registries
        self._running: set[asyncio.Task[None]] = set()

    async def import_image(self, request: web.Request) -> web.Response:
        target, body = self._registry(request), await json_object(request, _invalid)
        asked = read(body)
        check_network(target)
        credentials = _credentials(body["source"].get("credentials"))
        await self._let_another_win(request, asked, credentials, target)
        check_tags(asked, target)
        operation = self._ctx.operations.start(target.resource_id, NAMESPACE)
        task = asyncio.create_task(self._run(request, operation, asked, credentials, target))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        request["unlogged"] = True  # logged when it ends, with what it changed
        return await self._ctx.operations.accepted(request, operation)

    async def generate_credentials(self, request: web.Request) -> web.Response:
        registry, body = self._registry(request), await json_object(request, _invalid)
        token = self._ctx.resources.get(str(body.get("tokenId") or ""))
        under = f"{registry.resource_id}/tokens/".lower()
        if not token or not token["id"].lower().startswith(under):
            raise WireError(404, "TokenNotFound", "The token does not exist in this registry.")
        names = (str(body["name"]),) if body.get("name") else _PASSWORDS
        if not set(names) <= set(_PASSWORDS):
            raise WireError(400, "InvalidPasswordName", "'name' can be password1 or password2.")
        passwords = registry.grants.generate(token["id"], names, _expiry(body.get("expiry")))
        request["detail"] = {"token": token["name"], "passwords": list(names)}
        return web.json_response({"username": token["name"], "passwords": passwords})

    async def stop(self) -> None:
        """Stop the imports under way."""
        for task in list(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _run(
        self,
        request: web.Request,
        operation: str,
        asked: Asked,
        credentials: SourceCredentials,
        target: LocalRegistry,
    ) -> None:
        fault = self._ctx.faults.take("registry_import", "copy", asked.source)
        try:
            if fault and fault.latency:
                await self._ctx.linger(fault.latency)
            if fault and fault.status:
                raise ImportFailed(fault.code, fault.message, fault.status)
            changed = await self._copy(request["principal"], asked, credentials, target)
        except WireError as error:
            self._log(request, asked, error.status, Changed(), error.code)
            self._ctx.operations.fail(operation, error.code, error.message)
        except Exception:
            self._ctx.log.exception("importImage %s", asked.source)
            self._log(request, asked, 500, Changed(), "InternalServerError")
            self._ctx.operations.fail(
                operation, "InternalServerError", "The local stack failed; see its log."
            )
        else:
            self._log(request, asked, 200, changed, "")
            self._ctx.operations.succeed(operation)

    async def _let_another_win(
        self, request: web.Request, asked: Asked, credentials: SourceCredentials, target: LocalRegistry
    ) -> None:
        """Have a tag set just before this import asks for it: with the same content, or with a digest that is there."""
        for repository, tag in asked.targets:
            name = f"oci_registry.taken.{repository}:{tag}"
            winner = self._ctx.faults.text(name)
            if winner:
                self._ctx.faults.set(name, "")
            if winner == "same":
                await self._copy(request["principal"], asked, credentials, target)
            elif winner:
                target.content.set_tag(repository, tag, winner)

    async def _copy(
        self, caller: Principal, asked: Asked, credentials: SourceCredentials, target: LocalRegistry
    ) -> Changed:
        host, credentials = self._source(caller, asked, credentials)
        async with Source(self._ctx, host, asked.repository, credentials) as source:
            return await copy(asked, source, target)

    def _source(
        self, caller: Principal, asked: Asked, credentials: SourceCredentials
    ) -> tuple[str, SourceCredentials]:
        if not asked.resource_id:
            self._check_reachable(asked.host)
            return asked.host, credentials
        found = self._registries.get(asked.resource_id.lower())
        if found is None:
            raise ImportFailed("SourceRegistryNotFound", f"'{asked.resource_id}' is no registry here.", 404)
        return found.login_server, SourceCredentials(
            aad_token=self._ctx.tokens.mint(caller, REGISTRY_AUDIENCE)
        )

    def _check_reachable(self, host: str) -> None:
        for registry in self._registries.values():
            shut = registry.properties.get("publicNetworkAccess") == "Disabled"
            if registry.login_server == host and shut:
                raise ImportFailed(
                    "SourceRegistryNetworkAccessDenied",
                    f"The source registry '{host}' allows no public access; importing by name fails.",
                    403,
                )

    def _log(self, request: web.Request, asked: Asked, status: int, changed: Changed, error: str) -> None:
        detail = {
            "source": asked.source,
            "digest": changed.digest,
            "targets": [*(f"{name}:{tag}" for name, tag in asked.targets), *asked.untagged],
            "mode": "Force" if asked.force else "NoForce",
            "changedTags": changed.tags,
            "changedManifests": changed.manifests,
            "changedBlobs": changed.blobs,
            **({"error": error} if error else {}),
        }
        self._ctx.writes.append(
            self._ctx.clock.now(),
            "oci_registry",
            "registry.importImage",
            request.method,
            request.path,
            status,
            request["principal"].name,
            detail,
        )

    def _registry(self, request: web.Request) -> LocalRegistry:
        resource_id = scope_of(request["arm_path"])
        found = self._registries.get(resource_id.lower())
        if found is None:
            raise WireError(
                404, "ResourceNotFound", f"The Resource '{resource_id}' was not found.", headers={}
            )
        return found


def _credentials(given: Any) -> SourceCredentials:
    if not isinstance(given, dict):
        return SourceCredentials()
    username, password = str(given.get("username") or ""), str(given.get("password") or "")
    return SourceCredentials(username, password) if username else SourceCredentials(aad_token=password)


def _expiry(text: Any) -> str | None:
    if not text:
        return None
    try:
        return parse_time(str(text)).isoformat()
    except ValueError:
        raise WireError(400, "InvalidExpiry", "'expiry' is no ISO 8601 time.") from None


def _invalid(why: str) -> WireError:
    return WireError(400, "InvalidRequestContent", f"The request content is not valid: {why}.")
