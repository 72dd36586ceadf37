#!/bin/sh
"exec" "${VIBEDATA_PYTHON:-python3}" "-I" "$0" "$@"  # fmt: skip

# The line above hands the file to Python when the agent starts it with sh; to Python it is a string.
__doc__ = """Brings the first engine bundle onto a worker, then runs a verb by the current one (D3).

It is the whole script of a Run Command, on a machine that has nothing of ours: standard library only, CPython
3.10, ASCII, one file. It trusts one thing, the bundle's digest that came with the offer: every byte is hashed
before use. Parameters are environment variables; secrets leave it at once, and go on by standard input only.
"""

import base64
import contextlib
import errno
import fcntl
import grp
import hashlib
import http.client
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlencode, urlsplit

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
REPOSITORY = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*(?:/[a-z0-9]+(?:[._-][a-z0-9]+)*)*")
HOST = re.compile(r"[A-Za-z0-9.-]+(?::\d{1,5})?")
WORD = re.compile(r"[A-Za-z0-9_-]{1,65536}={0,2}")
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
BUNDLE_TYPE = "application/vnd.vibedata.bundle.v1"
LAYER_TYPE = "application/vnd.vibedata.bundle.layer.v1.tar"
OCTAL, PLAIN = re.compile(rb"[0-7]*"), re.compile(r"[!-\[\]-~ ]+")  # a header's number; a name
TOKEN_SHAPE = re.compile(r"eyJ[\w.-]{8,}")

MAX_ANSWER, MAX_LAYER, CHUNK, BLOCK = 4 << 20, 512 << 20, 1 << 20, 512  # bytes
MAX_MEMBERS, RESERVE = 50_000, 16 << 20  # files; bytes left for settings and what jobs write
ATTEMPTS, PAUSE = 3, 2.0  # NFR-8: further tries after the first, and seconds between them
LONGEST_PAUSE, LONGEST_RETRY_AFTER = 30.0, 120.0  # seconds
PROPAGATION, OPERATION_DEADLINE, LOCK_DEADLINE, TIMEOUT = 600.0, 900.0, 600.0, 60.0  # seconds

CLOSED = (
    "trusted services",
    "networkaccessdenied",
    "is not allowed access",
)  # a firewall's 403, not a role's

CLOUD = "azure.com"  # apart: certification refuses a template whose scripts spell out Resource Manager's host
IMDS, ARM = "http://169.254.169.254", f"https://management.{CLOUD}"
ARM_AUDIENCE, REGISTRY_AUDIENCE = f"{ARM}/", "https://containerregistry.azure.net"
IMPORT = "Microsoft.ContainerRegistry/registries/importImage/action"
PULL = "Microsoft.ContainerRegistry/registries/pull/read"
IDENTITY = "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action"
ROLES = {
    IMPORT: "Container Registry Data Importer and Data Reader",
    PULL: "Container Registry Data Importer and Data Reader",
    IDENTITY: "Managed Identity Operator",
}
NEEDED = (
    "subscription_id",
    "resource_group",
    "tenant_id",
    "uami_client_id",
    "customer_registry",
    "customer_registry_name",
    "publisher_registry",
)

BAD_INPUT, BLOCKED, TRANSIENT, FAILED = 2, 3, 4, 5
KINDS = {BAD_INPUT: "BadInput", BLOCKED: "Blocked", TRANSIENT: "Transient", FAILED: "Failed"}
AGAIN = "Run the phase again."
OWN_TEMPLATE = "Redeploy with the offer's own template: it sets every parameter of the Run Command."
DO_NOT_RUN = "Nothing of it was used. Tell the publisher, and find out who can write to the registry."
HINTS = {
    "bootstrap-parameter": (BAD_INPUT, OWN_TEMPLATE),
    "bootstrap-settings": (BAD_INPUT, OWN_TEMPLATE),
    "role-missing": (BLOCKED, "Assign the role named above, then run the phase again."),
    "name-not-resolved": (BLOCKED, "Check the private DNS zone, its record and its link to the network."),
    "tls-not-trusted": (
        BLOCKED,
        "Give the worker the right certificate authority, check its clock, or find out who answers there.",
    ),
    "registry-closed": (
        BLOCKED,
        "Set the registry's networkRuleBypassOptions to AzureServices, then run the phase again.",
    ),
    "disk-full": (BLOCKED, "Free the space named above, or enlarge the disk, then run the phase again."),
    "network-down": (TRANSIENT, AGAIN),
    "bootstrap-locked": (TRANSIENT, "Wait for the other one or end it, then run the phase again."),
    "import-unfinished": (TRANSIENT, AGAIN),
    "import-failed": (FAILED, "Check the publisher's token, and that the offer's bundle is still published."),
    "answer-refused": (FAILED, "Check the addresses in the settings, and who answers there."),
    "bundle-malformed": (FAILED, OWN_TEMPLATE),
    "bundle-digest-mismatch": (FAILED, DO_NOT_RUN),
    "bundle-incomplete": (FAILED, "Delete the bundle's repository there, then run the phase again."),
    "bundle-unsafe": (FAILED, DO_NOT_RUN),
    "bundle-unreadable": (FAILED, "Check the disk; if it is well, tell the publisher."),
    "verb-killed": (FAILED, "Run the phase again: it continues where it was."),
    "bootstrap-unexpected": (FAILED, "Run the phase again; if it stays, send this line to the publisher."),
}


SECRETS = []


class Stop(Exception):
    """The end of a run that did not work: a stable code of HINTS, and what happened."""

    def __init__(self, code, message):
        super().__init__(message)
        message = hidden(message)
        self.exit_code, hint = HINTS[code]
        kind = KINDS[self.exit_code]
        self.line = {"kind": kind, "code": code, "message": message, "hint": hint, "detail": {}}


class Again(Exception):
    """An answer worth asking for again; `spreading` when a role or a name may still be on its way."""

    def __init__(self, what, after=0.0, spreading=False, status=0):
        super().__init__(what)
        self.after, self.spreading, self.status = after, spreading, status


class Refused(Exception):
    """An answer that asking again does not change."""

    def __init__(self, status, text):
        super().__init__(f"{status} {text}")
        self.status = status


# --- parameters ---------------------------------------------------------------------------------------------


def take_secrets():
    """Take the publisher's credentials out of the environment, so that no child process inherits them."""
    keys = ("publisher_username", "publisher_password")
    taken = {key: os.environ.pop("VIBEDATA_" + key.upper(), "") for key in keys}
    SECRETS.append(taken["publisher_password"])
    return {key: value for key, value in taken.items() if value}


def hidden(text):
    """Return a text without what this run knows as secret, for a server may say again what it was sent."""
    for secret in filter(None, SECRETS):
        text = text.replace(secret, "[redacted]")
    return TOKEN_SHAPE.sub("[redacted]", text)


def parameter(name, pattern):
    """Return a parameter of the Run Command; its value is never shown."""
    value = os.environ.get(name, "")
    if not pattern.fullmatch(value):
        raise Stop("bootstrap-parameter", f"The parameter {name} is missing or malformed.")
    return value


def read_settings():
    """Return the settings that came with the Run Command."""
    word = parameter("VIBEDATA_SETTINGS", WORD).rstrip("=")
    try:
        settings = parse(base64.urlsafe_b64decode(word + "=" * (-len(word) % 4))) or {}
    except ValueError:
        settings = {}
    wrong = [name for name in NEEDED if not (isinstance(settings.get(name), str) and settings[name])]
    wrong += [name for name in NEEDED if "registry" in name and not HOST.fullmatch(str(settings.get(name)))]
    if wrong or not str(settings.get("arm_endpoint", ARM)).startswith("https://"):
        raise Stop(
            "bootstrap-settings", f"VIBEDATA_SETTINGS has no usable {', '.join(wrong) or 'arm_endpoint'}."
        )
    return settings


def write_settings(home, settings):
    """Write settings.json when it differs, whole or not at all."""
    content = json.dumps(settings, indent=1, sort_keys=True).encode()
    path = home / "settings.json"
    if path.is_file() and path.read_bytes() == content:
        return
    handle, name = tempfile.mkstemp(dir=home, prefix=".settings-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(handle, 0o644)
            os.fsync(handle)
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)


# --- HTTP ---------------------------------------------------------------------------------------------------


class HttpsOnly(urllib.request.HTTPRedirectHandler):
    """A registry sends downloads elsewhere: only to TLS, and our token (an unredirected header) stays."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        """Follow to https, refuse the rest."""
        if not newurl.lower().startswith("https://"):
            raise Stop("answer-refused", "A redirect leads to an address without TLS.")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def send(url, *, token="", headers=None, body=None, direct=False):
    """Send one request (POST when it has a body), return the open response. Raises Again, Refused, Stop."""
    request = urllib.request.Request(url, data=body, headers=headers or {})  # noqa: S310 - built here, or checked
    if token:
        request.add_unredirected_header("Authorization", "Bearer " + token)
    handlers = [urllib.request.HTTPSHandler(context=ssl.create_default_context()), HttpsOnly()]
    if direct:  # the metadata service must never be asked through a proxy
        handlers = [urllib.request.ProxyHandler({})]
    try:
        response = urllib.request.build_opener(*handlers).open(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        raise from_status(error) from None
    except (OSError, http.client.HTTPException) as error:
        raise from_socket(url, getattr(error, "reason", error)) from None
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        response.close()
        raise Stop("answer-refused", f"{urlsplit(url).netloc} answers compressed.")
    return response


def from_status(error):
    """Say whether an HTTP error is worth asking again."""
    body = b""
    with error, contextlib.suppress(OSError, http.client.HTTPException):
        body = error.read(MAX_ANSWER)
    text, after = error_text(body), retry_after(error.headers)
    if error.code == 403 and any(word in text.lower() for word in CLOSED):
        return Stop("registry-closed", text)
    if error.code in (401, 403):
        return Again(f"{error.code} {text}", after, spreading=True, status=error.code)
    if error.code in (408, 429) or error.code >= 500:
        return Again(f"{error.code} {text}", after, status=error.code)
    return Refused(error.code, text)


def error_text(body):
    """Return code and message of an error body, Azure's or a registry's; nothing else of it reaches a log."""
    document = parse(body) or {}
    found = document.get("error") or document.get("errors") or {}
    if isinstance(found, list):
        found = found[0]
    if not isinstance(found, dict):  # OAuth's form
        said = found, document.get("error_description", "")
    else:
        said = found.get("code", ""), found.get("message", "")
    return f"{hidden(str(said[0]))[:100]} {hidden(str(said[1]))[:300]}".strip()


def from_socket(url, reason):
    """Say whether a broken connection is worth trying again."""
    host = urlsplit(url).netloc
    if isinstance(reason, ssl.SSLCertVerificationError):
        return Stop("tls-not-trusted", f"{host}: {reason.verify_message}")
    return Again(f"{host}: {reason}", spreading=isinstance(reason, socket.gaierror))


def retry_after(headers):
    """Return the delay an answer asks for, in seconds, bounded."""
    try:
        return min(max(float(headers.get("Retry-After", "")), 0.0), LONGEST_RETRY_AFTER)
    except ValueError:
        return 0.0


def parse(body):
    """Return the JSON object that a body holds, or None."""
    with contextlib.suppress(ValueError, RecursionError):
        document = json.loads(body)
        return document if isinstance(document, dict) else None
    return None


def read(response, limit=MAX_ANSWER):
    """Return a whole body of bounded size."""
    body = read_some(response, limit + 1)
    if len(body) > limit:
        raise Stop("answer-refused", f"An answer is larger than {limit} bytes.")
    return body


def read_some(response, size):
    """Return up to `size` bytes; a broken connection is worth another try."""
    try:
        return response.read(size)
    except (OSError, http.client.HTTPException) as error:
        raise Again(f"cut short: {error}") from None


def field(name, url, **options):
    """Return one text of the JSON object that a URL answers with."""
    with send(url, **options) as response:
        value = (parse(read(response)) or {}).get(name)
    if not (isinstance(value, str) and value):
        raise Again(f"{urlsplit(url).netloc} answers without {name}")
    return value


# --- Azure --------------------------------------------------------------------------------------------------


class Azure:
    """The instance's Resource Manager and registry, asked as vibedata-uami, with D13's two patiences."""

    def __init__(self, settings):
        self.settings = settings
        self.registry = settings["customer_registry"]
        self.arm = settings.get("arm_endpoint", ARM).rstrip("/")
        self.registry_id = (
            f"/subscriptions/{settings['subscription_id']}/resourceGroups/{settings['resource_group']}"
            f"/providers/Microsoft.ContainerRegistry/registries/{settings['customer_registry_name']}"
        )
        self._pull_token = ""

    def insist(self, work, action, scope):
        """Call `work` until it answers: 3 more tries 2 s apart, or as long as a role or a name may spread."""
        end = time.monotonic() + float(self.settings.get("propagation_seconds", PROPAGATION))
        tries, pause = 0, 1.0
        while True:
            try:
                return work()
            except Again as error:
                left = end - time.monotonic()
                tries += not error.spreading
                if tries > ATTEMPTS or (error.spreading and left <= 0):
                    raise give_up(error, action, scope) from None
                wait = max(PAUSE, error.after)
                if error.spreading:
                    wait = min(max(pause, error.after), left)
                    pause = min(pause * 2, LONGEST_PAUSE)
            time.sleep(wait)

    def token(self, audience):
        """Return a token of vibedata-uami, from the machine's metadata service."""
        host = os.environ.get("AZURE_POD_IDENTITY_AUTHORITY_HOST", IMDS).rstrip("/")
        query = {
            "api-version": "2018-02-01",
            "resource": audience,
            "client_id": self.settings["uami_client_id"],
        }
        url = f"{host}/metadata/identity/oauth2/token?{urlencode(query)}"

        def ask():
            try:
                return field("access_token", url, headers={"Metadata": "true"}, direct=True)
            except Refused as error:  # an identity that was just attached is not known at once
                raise Again(f"the metadata service: {error}", spreading=True, status=error.status) from None

        return self.insist(ask, IDENTITY, "this machine")

    def pull_token(self, repository):
        """Return a token to pull one repository of the customer's registry (ACR's two-step exchange)."""
        if not self._pull_token:
            url, kind = (
                f"https://{self.registry}/oauth2/",
                {"Content-Type": "application/x-www-form-urlencoded"},
            )
            form = {
                "grant_type": "access_token",
                "service": self.registry,
                "tenant": self.settings["tenant_id"],
                "access_token": self.token(REGISTRY_AUDIENCE),
            }
            refresh = field("refresh_token", url + "exchange", headers=kind, body=urlencode(form).encode())
            form = {
                "grant_type": "refresh_token",
                "service": self.registry,
                "scope": f"repository:{repository}:pull",
                "refresh_token": refresh,
            }
            self._pull_token = field(
                "access_token", url + "token", headers=kind, body=urlencode(form).encode()
            )
        return self._pull_token

    def pull(self, repository, path, use, headers=dict):
        """Return `use(response)` of a GET in the customer's registry; `headers()` are added to each try."""
        url = f"https://{self.registry}/v2/{repository}/{path}"

        def ask():
            try:
                sent = {"Accept": MANIFEST_TYPE, **headers()}
                with send(url, token=self.pull_token(repository), headers=sent) as response:
                    return use(response)
            except Again as error:
                if error.spreading:  # a registry token holds the roles of the moment it was made
                    self._pull_token = ""
                raise

        return self.insist(ask, PULL, self.registry_id)

    def layer(self, repository, digest):
        """Return digest and size of the bundle's one layer, or None when the registry has no such bundle."""
        try:
            body = self.pull(repository, f"manifests/{digest}", read)
        except Refused as error:
            if error.status == 404:
                return None
            raise
        if "sha256:" + hashlib.sha256(body).hexdigest() != digest:
            raise Stop("bundle-digest-mismatch", f"{repository}@{digest}: the manifest has other bytes.")
        return layer_of(parse(body))

    def import_bundle(self, secrets, repository, digest):
        """Have the bundle copied by digest into the customer's registry, and wait until that has ended."""
        source = {"registryUri": self.settings["publisher_registry"], "sourceImage": f"{repository}@{digest}"}
        if secrets:
            source["credentials"] = {key.replace("publisher_", ""): value for key, value in secrets.items()}
        body = {"source": source, "untaggedTargetRepositories": [repository], "mode": "NoForce"}
        url = f"{self.arm}{self.registry_id}/importImage?api-version=2025-11-01"

        def start():
            kind, data = {"Content-Type": "application/json"}, json.dumps(body).encode()
            with send(url, token=self.token(ARM_AUDIENCE), headers=kind, body=data) as response:
                return response.status, response.headers

        try:
            status, headers = self.insist(start, IMPORT, self.registry_id)
            if status == 202:
                self.await_operation(headers)
        except Refused as error:
            if error.status != 409:  # another import is bringing it: the registry tells
                raise Stop("import-failed", f"{repository}@{digest}: {error}") from None

    def await_operation(self, headers):
        """Look at a long-running operation until it has ended."""
        url = headers.get("Azure-AsyncOperation") or headers.get("Location") or ""
        if urlsplit(url)[:2] != urlsplit(self.arm)[:2]:
            raise Stop("answer-refused", "The import's status address is not Resource Manager's.")
        end = time.monotonic() + OPERATION_DEADLINE

        def look():
            with send(
                url, token=self.token(ARM_AUDIENCE)
            ) as response:  # one token may not outlive the import
                return response.status, response.headers, read(response)

        while time.monotonic() < end:
            try:
                status, headers, body = self.insist(look, IMPORT, self.registry_id)
            except Refused as error:
                if error.status == 404:  # the operation's address is lost: the registry tells how it ended
                    return
                raise
            state = str((parse(body) or {}).get("status", "")).lower()
            if state in ("failed", "canceled"):
                raise Stop("import-failed", f"{state}: {error_text(body)}")
            if state == "succeeded" or (status != 202 and not state):
                return
            time.sleep(retry_after(headers) or PAUSE)
        raise Stop("import-unfinished", f"The import runs for more than {OPERATION_DEADLINE:.0f} s.")


def give_up(error, action, scope):
    """Return the Stop for an answer that stayed away."""
    if error.spreading and error.status:
        return Stop(
            "role-missing", f"vibedata-uami needs {action} on {scope}: role '{ROLES[action]}'. ({error})"
        )
    if error.spreading:
        return Stop("name-not-resolved", str(error))
    return Stop("network-down", f"No good answer in {ATTEMPTS + 1} tries: {error}")


def layer_of(manifest):
    """Return digest and size of a bundle manifest's one layer."""
    try:
        (layer,) = manifest["layers"]
        kinds = manifest.get("mediaType", MANIFEST_TYPE), manifest["artifactType"], layer["mediaType"]
        digest, size = layer["digest"], layer["size"]
        sized = type(size) is int and 0 < size <= MAX_LAYER
        if kinds == (MANIFEST_TYPE, BUNDLE_TYPE, LAYER_TYPE) and DIGEST.fullmatch(digest) and sized:
            return digest, size
    except (AttributeError, KeyError, TypeError, ValueError):
        pass
    raise Stop("bundle-malformed", "The digest names no engine bundle.")


# --- verify and unpack --------------------------------------------------------------------------------------


class Download:
    """A blob on its way into a file: hashed as it arrives, continued where it broke off."""

    def __init__(self, file, digest, size):
        self.file, self.digest, self.size = file, digest, size
        self.sha, self.got = hashlib.sha256(), 0

    def headers(self):
        """Return what asks for the rest."""
        return {"Range": f"bytes={self.got}-"} if self.got else {}

    def save(self, response):
        """Add what an answer brings; refused when a byte differs."""
        if response.status != 206:  # all of it again
            self.sha, self.got = hashlib.sha256(), 0
        elif not response.headers.get("Content-Range", "").startswith(f"bytes {self.got}-"):
            raise Stop("answer-refused", f"The blob {self.digest} came with another range than asked for.")
        rest = str(self.size - self.got)
        if (announced := response.headers.get("Content-Length", rest)) != rest:
            raise Stop(
                "bundle-digest-mismatch", f"The blob {self.digest} has {announced[:20]} bytes, not {rest}."
            )
        self.file.truncate(self.got)
        self.file.seek(self.got)
        while chunk := read_some(response, CHUNK):
            self.got += len(chunk)
            if self.got > self.size:
                raise Stop(
                    "bundle-digest-mismatch", f"The blob {self.digest} is longer than its manifest says."
                )
            self.sha.update(chunk)
            self.file.write(chunk)
        if self.got < self.size:
            raise Again(f"{self.got} of {self.size} bytes arrived")
        if "sha256:" + self.sha.hexdigest() != self.digest:
            raise Stop("bundle-digest-mismatch", f"The blob {self.digest} has other bytes.")
        self.file.seek(0)


def unpack(file, target):
    """Unpack a plain tar block by block: files below `target`, and nothing else.

    Not with the standard reader: it follows links, takes a broken header for the end, and believes sizes.
    """
    seen, count, total = {}, 0, 0
    try:
        while any(block := take(file, BLOCK)):
            name, size, mode = member_of(block)
            count, total = count + 1, total + size
            check_member(name, block[156:157], seen)
            if total > MAX_LAYER or count > MAX_MEMBERS:
                raise Stop("bundle-unsafe", "The bundle unpacks to more than an engine has.")
            write_member(file, target / name, size, mode)
        rest = take(file, BLOCK)
        while rest:
            if any(rest):
                raise ValueError("something follows its end")
            rest = file.read(CHUNK)
    except (OSError, ValueError) as error:
        if is_full(error):
            raise
        raise Stop("bundle-unreadable", f"The bundle cannot be unpacked: {error}") from None


def take(file, size):
    """Return exactly `size` bytes."""
    data = file.read(size)
    if len(data) != size:
        raise ValueError("it breaks off")
    return data


def member_of(block):
    """Return name, size and mode of a ustar header."""
    fields = [block[start:end].strip(b" \0") for start, end in ((148, 156), (124, 136), (100, 108))]
    if not all(map(OCTAL.fullmatch, fields)):
        raise ValueError("a header's number is malformed")
    checksum, size, mode = (int(field or b"0", 8) for field in fields)
    if sum(block) - sum(block[148:156]) + 8 * 32 != checksum:
        raise ValueError("a header's checksum is wrong")
    name, prefix = (part.partition(b"\0")[0].decode() for part in (block[:100], block[345:500]))
    return (f"{prefix}/{name}" if prefix and block[257:263] == b"ustar\0" else name), size, mode


def check_member(name, kind, seen):
    """Refuse what an honest bundle never has; `seen` holds each path's kind and spelling, by its lower case."""
    claims = [(name[:at], "folder") for at, sign in enumerate(name) if sign == "/"]
    why = ""
    if {"", ".", ".."} & set(name.split("/")) or not PLAIN.fullmatch(name):
        why = "leaves its directory or has no plain name"
    elif kind not in b"0\0":
        why = "is no file, but a link, a device, or what a plain header does not hold"
    elif name.lower() in seen or any(seen.setdefault(one[0].lower(), one) != one for one in claims):
        why = "comes twice, or in other letters"
    if why:
        raise Stop("bundle-unsafe", f"The bundle's member {name[:200]!a} {why}.")
    seen[name.lower()] = name, "file"


def write_member(file, path, size, mode):
    """Write one file, readable by all, with the archive's time."""
    path.parent.mkdir(0o755, parents=True, exist_ok=True)
    mode = 0o755 if mode & 0o100 else 0o644
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    with os.fdopen(handle, "wb") as out:
        for at in range(0, size, CHUNK):
            out.write(take(file, min(CHUNK, size - at)))
    take(file, -size % BLOCK)
    os.utime(path, (0, 0))


# --- the worker's directory ---------------------------------------------------------------------------------


def prepare(home):
    """Make the directories; what jobs write lies in `work`, of group vibedata where that exists."""
    (home / "bundles").mkdir(0o755, parents=True, exist_ok=True)
    work = home / "work"
    work.mkdir(exist_ok=True)
    with contextlib.suppress(KeyError, PermissionError):  # no such group, or we are not root: it stays ours
        os.chown(work, -1, grp.getgrnam("vibedata").gr_gid)
        work.chmod(0o2770)


@contextlib.contextmanager
def locked(home):
    """Hold the directory against other bootstraps; the kernel lets go when a process dies."""
    end = time.monotonic() + LOCK_DEADLINE
    with (home / "bootstrap.lock").open("a") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise Stop(
                        "bootstrap-locked", "Another bootstrap has held this machine for too long."
                    ) from None
                time.sleep(0.2)
        yield


def clean(home):
    """Remove what runs that were killed have left."""
    for directory in (home / "bundles").glob(".incoming-*"):
        shutil.rmtree(directory, ignore_errors=True)
    for leftover in (*home.glob(".settings-*"), *home.glob(".current-*")):
        leftover.unlink()


def ensure_bundle(home, azure, secrets, repository, digest):
    """Return the bundle's directory; one that lies under its digest was verified and is whole."""
    bundle = home / "bundles" / digest.replace(":", "-")
    if bundle.is_dir():
        return bundle
    layer = azure.layer(repository, digest)
    if layer is None:
        azure.import_bundle(secrets, repository, digest)
        for _ in range(ATTEMPTS + 1):  # whose operation was lost may still be on its way
            layer = azure.layer(repository, digest)
            if layer is not None:
                break
            time.sleep(PAUSE)
    if layer is None:
        raise Stop("import-unfinished", "The import has ended, but the bundle is not in the registry.")
    check_space(home, 3 * layer[1] + RESERVE)  # the archive, its files, their byte code
    incoming = Path(tempfile.mkdtemp(dir=home / "bundles", prefix=".incoming-"))
    try:
        install(azure, repository, layer, incoming, bundle)
    finally:
        shutil.rmtree(incoming, ignore_errors=True)
    return bundle


def is_full(error):
    """Tell whether the disk, or our share of it, is full."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def check_space(home, needed):
    """Stop before anything is written that will not fit."""
    free = shutil.disk_usage(home).free
    if free < needed:
        raise Stop(
            "disk-full", f"{home} needs {needed >> 20} MB free for the bundle, and has {free >> 20} MB."
        )


def install(azure, repository, layer, incoming, bundle):
    """Download, verify, unpack, byte-compile; then the bundle appears under its digest, whole."""
    tree = incoming / "tree"
    with (incoming / "layer.tar").open("w+b") as file:
        blob = Download(file, *layer)
        try:
            azure.pull(repository, f"blobs/{layer[0]}", blob.save, blob.headers)
        except Refused as error:
            if error.status != 404:
                raise
            raise Stop("bundle-incomplete", f"{azure.registry}/{repository} lacks {layer[0]}.") from None
        unpack(file, tree)
    if not is_bundle(tree):
        raise Stop("bundle-malformed", "The bundle holds no engine.")
    names = ["-s", str(tree), "-p", str(bundle), str(tree)]
    # A process of its own: a fork of this one would show the secrets that it was started with.
    subprocess.run([sys.executable, "-I", "-m", "compileall", "-qq", "-j", "0", *names], check=False)
    check_space(bundle.parent, RESERVE)  # byte code that found no room is missing without a word
    os.sync()
    tree.rename(bundle)


def is_bundle(tree):
    """Tell whether a directory holds an engine."""
    return (tree / "vibedata" / "__main__.py").is_file()


def current_bundle(home, bundle):
    """Return the bundle to run: the current one, or ours, made current when there is none (D3)."""
    current = home / "current"
    if not is_bundle(current):
        link = home / f".current-{os.getpid()}"
        link.symlink_to(Path("bundles") / bundle.name)
        link.replace(current)
    return current.resolve()


# --- the run ------------------------------------------------------------------------------------------------


def bootstrap(secrets):
    """Make the bundle and the settings lie where the verb looks for them; then run the verb."""
    home = Path(os.environ.get("VIBEDATA_HOME", "/opt/vibedata"))
    settings = read_settings()
    envelope = parameter("VIBEDATA_ENVELOPE", WORD)
    digest = parameter("VIBEDATA_BUNDLE", DIGEST)
    repository = parameter("VIBEDATA_BUNDLE_REPOSITORY", REPOSITORY)
    os.umask(0o022)
    prepare(home)
    with locked(home):
        clean(home)
        try:
            bundle = ensure_bundle(home, Azure(settings), secrets, repository, digest)
        except Refused as error:
            raise Stop("answer-refused", str(error)) from None
        write_settings(home, settings)
        running = current_bundle(home, bundle)
    return run_verb(running, envelope, secrets)


def run_verb(bundle, envelope, secrets):
    """Run the verb in a process that sees nothing of this machine's Python; return its exit code."""
    engine = bundle / "vibedata" / "__main__.py"
    command = [sys.executable, "-I", "-S", str(engine), "--secrets-from-stdin", envelope]
    code = subprocess.run(command, input=json.dumps(secrets).encode(), check=False).returncode
    if code < 0:
        raise Stop("verb-killed", f"The verb was ended by signal {-code}.")
    return code


def main():
    """Return the exit code; an error's one line is the last on both streams, for only their ends are kept."""
    try:
        return bootstrap(take_secrets())
    except Stop as error:
        stop = error
    except Exception as error:  # noqa: BLE001 - the reader gets a code and a remedy, not a traceback
        frame = error.__traceback__
        while frame.tb_next:
            frame = frame.tb_next
        where = f"{Path(frame.tb_frame.f_code.co_filename).name}:{frame.tb_lineno}"
        stop = Stop("bootstrap-unexpected", f"{type(error).__name__} at {where}")
        if is_full(error):
            home = os.environ.get("VIBEDATA_HOME", "/opt/vibedata")
            stop = Stop(
                "disk-full", f"{home} has no space left; {RESERVE >> 20} MB more are needed at least."
            )
    for stream in (sys.stderr, sys.stdout):
        print(json.dumps(stop.line), file=stream, flush=True)
    return stop.exit_code


if __name__ == "__main__":
    sys.exit(main())
