"""What the logs services refuse, in their own words."""

from __future__ import annotations

from typing import Any

from local_stack.core.errors import WireError

MAX_BODY_BYTES = 1024 * 1024


def invalid_resource(code: str, message: str) -> WireError:
    """A rule, endpoint or table that ARM would not take."""
    return WireError(400, code, message)


def rule_unknown(immutable_id: str) -> WireError:
    return WireError(404, "NotFound", f"Data collection rule with immutable Id '{immutable_id}' not found.")


def no_access(immutable_id: str) -> WireError:
    return WireError(
        403,
        "OperationFailed",
        "The authentication token provided does not have access to ingest data for the data collection rule "
        f"with immutable Id '{immutable_id}' PipelineAccessResult: AccessGranted: False, "
        "IsRbacPresent: False.",
    )


def stream_unknown(immutable_id: str, stream: str) -> WireError:
    return WireError(
        400,
        "InvalidStream",
        f"Data collection rule with immutable Id '{immutable_id}' does not contain the stream '{stream}'.",
    )


def too_large(size: int) -> WireError:
    return WireError(
        413,
        "ContentLengthLimitExceeded",
        f"Maximum allowed content length: {MAX_BODY_BYTES} bytes (1 MB). "
        f"Provided content length: {size} bytes.",
    )


def bad_payload(message: str) -> WireError:
    return WireError(400, "InvalidPayload", message)


def workspace_unknown(workspace_id: str) -> WireError:
    return WireError(404, "WorkspaceNotFoundError", f"The workspace '{workspace_id}' could not be found.")


def query_forbidden() -> WireError:
    return WireError(
        403,
        "InsufficientAccessError",
        "The provided credentials have insufficient access to perform the requested operation",
    )


class QueryError(Exception):
    """A query that cannot be answered: `kind` is SyntaxError or SemanticError, `code` Kusto's own."""

    def __init__(self, kind: str, code: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.code = code


def syntax_error(message: str) -> QueryError:
    return QueryError("SyntaxError", "SYN0002", message)


def semantic_error(message: str) -> QueryError:
    return QueryError("SemanticError", "SEM0100", message)


def bad_query(error: QueryError) -> WireError:
    """Kusto's nesting: the outer error says little, the innermost says it all."""
    outer = {
        "SyntaxError": "A recognition error occurred in the query.",
        "SemanticError": "A semantic error occurred.",
    }
    inner: dict[str, Any] = {"code": error.code, "message": str(error)}
    middle = {"code": error.kind, "message": outer[error.kind], "innererror": inner}
    return WireError(
        400, "BadArgumentError", "The request had some invalid properties", extra={"innererror": middle}
    )
