"""A token service as an Azure Container Registry has one: Entra token to refresh token to access token.

It signs with ES256 under libtrust's key id, which docker-registry knows by the certificate alone.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
import ssl
import threading
import time
import uuid
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import TracebackType
from typing import Any

import jwt
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

ISSUER = "Azure Container Registry"
NULL_GUID = "00000000-0000-0000-0000-000000000000"
ACCESS_SECONDS = 75 * 60


class TokenService:
    """Listens on loopback with TLS from `__enter__` to `__exit__`; counts what it mints."""

    def __init__(self, directory: Path, certificate: Path, key: Path) -> None:
        self.refresh = secrets.token_urlsafe(48)
        self.entra = secrets.token_urlsafe(48)
        self.minted = 0
        self.certificate = directory / "tokens.pem"
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._kid = _write_certificate(self._key, self.certificate)
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(certificate, key)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.host = ""

    def __enter__(self) -> TokenService:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _open(self) -> None:
        app = web.Application()
        app.router.add_post("/oauth2/exchange", self._exchange)
        app.router.add_get("/oauth2/token", self._by_password)
        app.router.add_post("/oauth2/token", self._by_refresh_token)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._tls)
        await site.start()
        self.host = f"127.0.0.1:{self._runner.addresses[0][1]}"

    async def _exchange(self, request: web.Request) -> web.Response:
        form = await request.post()
        if form.get("access_token") != self.entra:
            return web.json_response({"errors": [{"code": "UNAUTHORIZED"}]}, status=401)
        return web.json_response({"refresh_token": self.refresh})

    async def _by_password(self, request: web.Request) -> web.Response:
        pair = base64.b64encode(f"{NULL_GUID}:{self.refresh}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {pair}":
            return web.json_response({"errors": [{"code": "UNAUTHORIZED"}]}, status=401)
        return self._minted(request.query.get("service", ""), request.query.getall("scope", []))

    async def _by_refresh_token(self, request: web.Request) -> web.Response:
        form = await request.post()
        if form.get("refresh_token") != self.refresh:
            return web.json_response({"errors": [{"code": "UNAUTHORIZED"}]}, status=401)
        return self._minted(str(form.get("service", "")), str(form.get("scope", "")).split())

    def _minted(self, service: str, scopes: list[str]) -> web.Response:
        self.minted += 1
        token = self.mint(service, scopes)
        return web.json_response({"access_token": token, "token": token, "expires_in": ACCESS_SECONDS})

    def mint(self, service: str, scopes: list[str]) -> str:
        """Return an access token."""
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": service,
            "sub": "bench",
            "iat": now - 5,
            "nbf": now - 5,
            "exp": now + ACCESS_SECONDS,
            "jti": uuid.uuid4().hex,
            "access": [_grant(scope) for text in scopes for scope in text.split()],
        }
        return jwt.encode(claims, self._key, "ES256", headers={"kid": self._kid})


def _grant(scope: str) -> dict[str, Any]:
    kind, _, rest = scope.partition(":")
    name, _, actions = rest.rpartition(":")
    return {"type": kind, "name": name, "actions": actions.split(",")}


def _write_certificate(key: ec.EllipticCurvePrivateKey, file: Path) -> str:
    """Write a certificate for the key and return libtrust's id of it."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "tokens")])
    now = datetime.now(timezone.utc)
    built = x509.CertificateBuilder(
        issuer_name=name,
        subject_name=name,
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=now - timedelta(hours=1),
        not_valid_after=now + timedelta(days=1),
    )
    file.write_bytes(built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    der = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    text = base64.b32encode(hashlib.sha256(der).digest()[:30]).decode()
    return ":".join(text[at : at + 4] for at in range(0, len(text), 4))
