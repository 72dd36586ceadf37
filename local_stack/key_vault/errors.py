"""What Key Vault refuses, in its own words."""

from __future__ import annotations

from local_stack.core.errors import WireError


def secret_not_found(name: str, version: str = "") -> WireError:
    shown = f"{name}/{version}" if version else name
    return WireError(
        404,
        "SecretNotFound",
        f"A secret with (name/id) {shown} was not found in this key vault. If you recently deleted this "
        "secret you may be able to recover it using the correct recovery command.",
    )


def deleted_not_found(name: str) -> WireError:
    return WireError(404, "SecretNotFound", f"Deleted Secret not found: {name}")


def secret_disabled(name: str) -> WireError:
    return _forbidden(
        f"Operation get is not allowed on a disabled secret ({name}).", {"code": "SecretDisabled"}
    )


def deleted_but_recoverable(name: str) -> WireError:
    return WireError(
        409,
        "Conflict",
        f"Secret {name} is currently in a deleted but recoverable state, and its name cannot be reused; in "
        "this state, the secret can only be recovered or purged.",
        extra={"innererror": {"code": "ObjectIsDeletedButRecoverable"}},
    )


def purge_protected() -> WireError:
    return _forbidden("Operation purge is not allowed on this vault.", {"code": "ForbiddenByPolicy"})


def forbidden(client_id: str, object_id: str, action: str, resource: str) -> WireError:
    return _forbidden(
        "Caller is not authorized to perform action on resource.\r\nIf role assignments, deny assignments or "
        "role definitions were changed recently, please observe propagation time.\r\nCaller: "
        f"appid={client_id};oid={object_id}\r\nAction: '{action}'\r\nResource: '{resource}'\r\n"
        "Assignment: (not found)",
        {"code": "ForbiddenByRbac"},
    )


def bad_parameter(message: str) -> WireError:
    return WireError(400, "BadParameter", message)


def bad_version(version: str) -> WireError:
    return WireError(
        400, "BadParameter", f"The specified version ({version}) is not recognized. Consider using 7.6."
    )


def vault_exists(name: str) -> WireError:
    return WireError(
        409,
        "VaultAlreadyExists",
        f"The vault name '{name}' is already in use. Vault names are globally unique, so it is possible that "
        "the name is already taken.",
    )


def vault_deleted(name: str) -> WireError:
    return WireError(
        409,
        "ConflictError",
        "A vault with the same name already exists in deleted state. You need to either recover or purge "
        f"existing key vault '{name}'.",
    )


def _forbidden(message: str, inner: dict[str, str]) -> WireError:
    return WireError(403, "Forbidden", message, extra={"innererror": inner})
