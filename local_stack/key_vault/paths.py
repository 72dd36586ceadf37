"""Where Key Vault answers: one listener per vault, opened with the vault and again when the stack starts."""

from __future__ import annotations

from aiohttp import web

from local_stack.core.arm_ids import name_of
from local_stack.core.resources import Provider
from local_stack.core.service import Listener, Route, Service
from local_stack.key_vault.answers import Answers
from local_stack.key_vault.vaults import SECRET_TYPE, TYPE, ArmSecrets, Vaults

AUDIENCE = "https://vault.azure.net"


class KeyVaultService(Service):
    """Key Vault's secrets."""

    name = "key_vault"

    async def start(self) -> None:
        for vault in self.ctx.resources.list(type=TYPE):
            await self._open(vault["id"])

    def providers(self) -> dict[str, Provider]:
        return {TYPE: Vaults(self.ctx, self._open), SECRET_TYPE: ArmSecrets(self.ctx)}

    async def _open(self, vault_id: str) -> str:
        listener = f"key_vault/{name_of(vault_id).lower()}"
        self.ctx.addresses.port(listener)
        answers = Answers(self.ctx, vault_id, self.ctx.addresses.url(listener))
        return await self.ctx.listen(
            self.name, Listener(listener, _routes(answers), (AUDIENCE,), challenge=self._challenge)
        )

    def _challenge(self, _request: web.Request) -> str:
        authority = f"{self.ctx.addresses.url('identity')}/{self.ctx.tokens.tenant_id}"
        return f'Bearer authorization="{authority}", resource="{AUDIENCE}"'


def _routes(answers: Answers) -> list[Route]:
    one, deleted = "/secrets/{name}", "/deletedsecrets/{name}"
    return [
        Route("GET", "/secrets", answers.list_secrets, "secrets.list"),
        Route("PUT", one, answers.set, "secret.set"),
        Route("GET", one + "/versions", answers.versions, "secret.listVersions"),
        Route("GET", one + "{slash:/?}", answers.get, "secret.get"),
        Route("GET", one + "/{version}", answers.get, "secret.get"),
        Route("PATCH", one + "{slash:/?}", answers.update, "secret.update"),
        Route("PATCH", one + "/{version}", answers.update, "secret.update"),
        Route("DELETE", one, answers.delete, "secret.delete"),
        Route("GET", "/deletedsecrets", answers.list_deleted, "deletedSecrets.list"),
        Route("GET", deleted, answers.get_deleted, "deletedSecret.get"),
        Route("POST", deleted + "/recover", answers.recover, "deletedSecret.recover"),
        Route("DELETE", deleted, answers.purge, "deletedSecret.purge"),
    ]
