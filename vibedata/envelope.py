"""The one parameter of a runbook or a Run Command (D4): base64url of a small JSON object, never a secret.

Automation hands parameters over positionally, unordered and as Python reprs, and logs them; one opaque ASCII
word survives all of that.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import uuid
from dataclasses import dataclass, field
from typing import Any

from vibedata.catalog import VERBS
from vibedata.errors import BadInput

SCHEMA = 1
MAX_BYTES = 32 * 1024
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")

# Jobs, operations and event ids are all uuid5 under this one namespace, so that they repeat (D4).
NAMESPACE = uuid.UUID("6f1d3c1e-6a5d-5c0e-9a64-7b1d1b0d5a60")


@dataclass(frozen=True)
class Envelope:
    """What to run: `verb` with `args`, under `operation_id`, by the bundle of that digest (None: the current one)."""

    verb: str
    operation_id: str | None = None
    bundle: str | None = None
    args: dict[str, Any] = field(default_factory=dict)

    def encode(self) -> str:
        """Return the envelope as one base64url word without padding."""
        document = {
            "schema": SCHEMA,
            "verb": self.verb,
            "operationId": self.operation_id,
            "bundle": self.bundle,
            "args": self.args,
        }
        text = json.dumps(document, separators=(",", ":"), sort_keys=True)
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode(word: str) -> Envelope:
    """Read an envelope back. Raises BadInput (envelope-unreadable, envelope-invalid)."""
    document = _document(word)
    problem = _problem(document)
    if problem:
        raise BadInput(
            "envelope-invalid",
            f"The job's envelope is not valid: {problem}",
            hint="Start the runbook through `vibedata`, which builds the envelope.",
        )
    return Envelope(
        verb=document["verb"],
        operation_id=document.get("operationId"),
        bundle=document.get("bundle"),
        args=document.get("args") or {},
    )


def job_name(operation_id: str, step: str, attempt: int) -> str:
    """Return the Automation job's GUID: a failed job's name answers 409 for ever, so the attempt is part of it (D4)."""
    return str(uuid.uuid5(NAMESPACE, f"job/{operation_id}/{step}/{attempt}"))


def operation_of_job(job_id: str) -> str:
    """Return the operation id of a job whose envelope has none (a schedule started it)."""
    return str(uuid.uuid5(NAMESPACE, f"operation/{job_id}"))


def _document(word: str) -> dict[str, Any]:
    try:
        if len(word) > MAX_BYTES:
            raise ValueError(f"it is longer than {MAX_BYTES} characters")
        raw = base64.b64decode(word.encode("ascii") + b"=" * (-len(word) % 4), altchars=b"-_", validate=True)
        document = json.loads(raw)
    except (ValueError, binascii.Error, RecursionError) as error:
        raise BadInput(
            "envelope-unreadable",
            f"The job's one parameter is no base64url JSON: {error}",
            hint="Start the runbook through `vibedata`, which builds the envelope.",
        ) from error
    return document if isinstance(document, dict) else {}


def _problem(document: dict[str, Any]) -> str | None:
    unknown = sorted(set(document) - {"schema", "verb", "operationId", "bundle", "args"})
    if unknown:
        return f"unknown field {unknown[0]!r}"
    if document.get("schema") != SCHEMA:
        return f"schema is {document.get('schema')!r}, this engine reads {SCHEMA}"
    if document.get("verb") not in VERBS:
        return f"verb {document.get('verb')!r} is none of {', '.join(VERBS)}"
    if not isinstance(document.get("args") or {}, dict):
        return "args is no object"
    return _id_problem(document)


def _id_problem(document: dict[str, Any]) -> str | None:
    bundle, operation = document.get("bundle"), document.get("operationId")
    if bundle is not None and not (isinstance(bundle, str) and DIGEST.fullmatch(bundle)):
        return "bundle is no sha256 digest"
    try:
        if operation is not None:
            uuid.UUID(operation)
    except (ValueError, AttributeError, TypeError):
        return "operationId is no GUID"
    return None
