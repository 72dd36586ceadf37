"""Where the registry service answers: each registry's own listeners, and its actions in ARM."""

from __future__ import annotations

from local_stack.core.arm_ids import resource_type
from local_stack.core.context import Context
from local_stack.core.resources import Provider
from local_stack.core.service import Listener, Route, Service
from local_stack.oci_registry.answers import Answers
from local_stack.oci_registry.arm_answers import NAMESPACE, ArmAnswers
from local_stack.oci_registry.data_endpoint import DataEndpoint
from local_stack.oci_registry.errors import oci_errors
from local_stack.oci_registry.grants import TYPE
from local_stack.oci_registry.manifests import LIMIT
from local_stack.oci_registry.providers import Registries, ScopeMaps, Tokens
from local_stack.oci_registry.registry import LocalRegistry
from local_stack.oci_registry.sign_in import SignIn

_ARM = f"/subscriptions/{{subscription}}/resourceGroups/{{group}}/providers/{TYPE}/{{registry}}"
_REPOSITORY = "/v2/{repository:[^?]+?}"


class OciRegistry(Service):
    """The registries of one stack."""

    name = "oci_registry"

    def __init__(self, ctx: Context) -> None:
        super().__init__(ctx)
        self.registries: dict[str, LocalRegistry] = {}
        self._arm = ArmAnswers(ctx, self.registries)

    def arm_routes(self) -> list[Route]:
        return [
            Route(
                "POST",
                f"{_ARM}/importImage",
                self._arm.import_image,
                "registry.importImage",
                action=f"{TYPE}/importImage/action",
            ),
            Route(
                "POST",
                f"{_ARM}/generateCredentials",
                self._arm.generate_credentials,
                "registry.generateCredentials",
                action=f"{TYPE}/generateCredentials/action",
            ),
        ]

    def providers(self) -> dict[str, Provider]:
        registries = Registries(self.registries, self._open, self._close, self.ctx)
        tokens = Tokens(self.ctx, self.registries)
        return {TYPE: registries, f"{TYPE}/scopeMaps": ScopeMaps(), f"{TYPE}/tokens": tokens}

    async def start(self) -> None:
        for resource in self.ctx.resources.list(type=TYPE):
            await self._open(resource["id"])
        for operation in self.ctx.operations.running():
            if operation["namespace"] == NAMESPACE:
                self.ctx.operations.fail(
                    operation["id"], "Interrupted", "The registry service was restarted."
                )

    async def stop(self) -> None:
        await self._arm.stop()

    async def _open(self, resource_id: str) -> LocalRegistry:
        registry = LocalRegistry(self.ctx, resource_id)
        sign_in = SignIn(registry)
        main = Listener(
            registry.listener,
            [*_token_routes(sign_in), *_registry_routes(Answers(registry))],
            audiences=None,
            authenticate=sign_in.authenticate,
            render=oci_errors,
            challenge=sign_in.challenge,
            max_body=LIMIT,
            headers={"Docker-Distribution-Api-Version": "registry/2.0"},
        )
        data_route = Route("GET", "/blobs/{digest}", DataEndpoint(registry).get, "blob.data", auth=False)
        await self.ctx.listen(self.name, main)
        await self.ctx.listen(self.name, Listener(registry.data_listener, [data_route], audiences=None))
        self.registries[resource_id.lower()] = registry
        return registry

    async def _close(self, resource_id: str) -> None:
        registry = self.registries.pop(resource_id.lower(), None)
        if registry is None or resource_type(resource_id).lower() != TYPE.lower():
            return
        for listener in (registry.listener, registry.data_listener):
            await self.ctx.unlisten(listener)
            self.ctx.addresses.forget(listener)
        registry.content.destroy()


def _token_routes(sign_in: SignIn) -> list[Route]:
    return [
        Route("POST", "/oauth2/exchange", sign_in.exchange, "token.exchange", auth=False),
        Route("POST", "/oauth2/token", sign_in.token, "token.issue", auth=False),
        Route("GET", "/oauth2/token", sign_in.token, "token.issue", auth=False),
    ]


def _registry_routes(answers: Answers) -> list[Route]:
    upload = f"{_REPOSITORY}/blobs/uploads/{{upload:[0-9a-f-]{{36}}}}"
    blob, manifest = f"{_REPOSITORY}/blobs/{{digest}}", f"{_REPOSITORY}/manifests/{{reference}}"
    return [
        Route("GET", "/v2/", answers.base, "base"),
        Route("GET", "/v2/_catalog", answers.catalog, "catalog"),
        Route("GET", f"{_REPOSITORY}/tags/list", answers.list_tags, "tags.list"),
        Route("GET", f"{_REPOSITORY}/referrers/{{digest}}", answers.list_referrers, "referrers.list"),
        Route("POST", f"{_REPOSITORY}/blobs/uploads/", answers.start_upload, "blob.start"),
        Route("GET", upload, answers.get_upload, "blob.progress"),
        Route("PATCH", upload, answers.patch_upload, "blob.append"),
        Route("PUT", upload, answers.put_upload, "blob.put"),
        Route("DELETE", upload, answers.delete_upload, "blob.cancel"),
        Route("GET", blob, answers.get_blob, "blob.get"),
        Route("DELETE", blob, answers.delete_blob, "blob.delete"),
        Route("GET", manifest, answers.get_manifest, "manifest.get"),
        Route("PUT", manifest, answers.put_manifest, "manifest.put"),
        Route("DELETE", manifest, answers.delete_manifest, "manifest.delete"),
    ]
