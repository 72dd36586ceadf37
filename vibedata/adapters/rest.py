"""Azure's REST APIs over the SDKs' own pipeline, where the client would cost more than it does for us.

A management client loads hundreds of modules into a process that asks three questions, and makes an object of each of
a thousand listed rows. Authentication, transport and errors are the SDK's here too; a call is made once (D13).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import orjson
from azure.core import PipelineClient
from azure.core.credentials import TokenCredential
from azure.core.exceptions import (
    ClientAuthenticationError,
    DecodeError,
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.core.pipeline import policies
from azure.core.pipeline.transport import RequestsTransport
from azure.core.rest import HttpRequest, HttpResponse

from vibedata import __version__
from vibedata.adapters.clients import one_transport

ARM_SCOPE = "https://management.azure.com/.default"
STORAGE_SCOPE = "https://storage.azure.com/.default"
TABLE_HEADERS = {
    "x-ms-version": "2019-02-02",
    "DataServiceVersion": "3.0",
    "MaxDataServiceVersion": "3.0;NetFx",
    "Accept": "application/json;odata=minimalmetadata",
}
ERRORS: Mapping[int, type[HttpResponseError]] = {
    401: ClientAuthenticationError,
    404: ResourceNotFoundError,
    409: ResourceExistsError,
    412: ResourceModifiedError,
}
MAX_PAGES = 1000
TYPE = "@odata.type"


class Rest:
    """One endpoint, called as one credential."""

    def __init__(
        self,
        endpoint: str,
        credential: TokenCredential,
        scope: str,
        headers: Mapping[str, str] | None = None,
        transport: RequestsTransport | None = None,
        timeouts: Mapping[str, Any] | None = None,
    ) -> None:
        self._timeouts = timeouts or {}
        self.endpoint = endpoint.rstrip("/")
        # Not by policies of their own: each would cost as much as all of these.
        self._headers = {
            **(headers or {"Accept": "application/json"}),
            "User-Agent": f"vibedata/{__version__}",
        }
        self._client: PipelineClient[Any, Any] = PipelineClient(
            self.endpoint,
            policies=[policies.BearerTokenCredentialPolicy(credential, scope)],
            transport=transport or one_transport(),
        )

    def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Any = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeouts: Mapping[str, Any] | None = None,
    ) -> HttpResponse:
        """Send one request to the endpoint, whatever `path` says, return its good answer. Raises AzureError.

        `body` goes as JSON, `content` as it is; `timeouts` are the transport's, in seconds: else the endpoint's own.
        """
        # Not by the client's own `format_url`: it goes where a path with a host says, and takes braces for its own.
        query = {name: quote(value, safe="") for name, value in (params or {}).items()}
        url = f"{self.endpoint}/{path.lstrip('/')}"
        given = {"json": body} if content is None else {"content": content}
        told = {"x-ms-client-request-id": str(uuid.uuid4()), **(headers or {}), **self._headers}
        request = HttpRequest(method, url, params=query, headers=told, **given)
        response: HttpResponse = self._client.send_request(request, **(timeouts or self._timeouts))
        if response.status_code >= 300:
            raise _error(response)
        return response

    def get(self, path: str, **params: str) -> Any:
        """Return the JSON document at `path`. Raises AzureError."""
        return document(self.call("GET", path, params=params))


def arm(endpoint: str, credential: TokenCredential, transport: RequestsTransport | None = None) -> Rest:
    """Return Resource Manager."""
    return Rest(endpoint, credential, ARM_SCOPE, transport=transport)


def arm_list(rest: Rest, path: str, api_version: str, **params: str) -> Iterator[dict[str, Any]]:
    """Yield what a list of Resource Manager holds, page by page. Raises AzureError."""
    answer = rest.get(path, **{"api-version": api_version}, **params)
    for _ in range(MAX_PAGES):
        yield from answer.get("value") or ()
        if not answer.get("nextLink"):
            return
        link = urlsplit(str(answer["nextLink"]))  # only its path: a token goes to nobody else
        answer = rest.get(f"{link.path}?{link.query}")


def table_entities(
    rest: Rest, table: str, query: str, page_size: int | None = None
) -> Iterator[dict[str, Any]]:
    """Yield a table's entities under an OData filter: plain values, and their ETag. Raises AzureError.

    A page holds a thousand, or `page_size`: for who takes only the first few.
    """
    size = {"$top": str(page_size)} if page_size else {}
    page: dict[str, str] = {}
    for _ in range(MAX_PAGES):
        response = rest.call("GET", f"/{table}()", params={"$filter": query, **size, **page})
        yield from map(plain, document(response)["value"])
        page = _continuation(response)
        if not page:
            return


def plain(entity: dict[str, Any]) -> dict[str, Any]:
    """Return an entity without annotations: a 64 bit integer, which travels as text, as an integer."""
    found = {name: value for name, value in entity.items() if "odata." not in name}
    for name, kind in entity.items():
        if kind == "Edm.Int64" and name.endswith(TYPE):
            found[name.removesuffix(TYPE)] = int(entity[name.removesuffix(TYPE)])
    found["etag"] = entity.get("odata.etag")
    return found


def document(response: HttpResponse) -> Any:
    """Return an answer's JSON. Raises DecodeError."""
    try:
        return orjson.loads(response.content)
    except ValueError as error:
        raise DecodeError(
            message=f"The answer is no JSON: {error}", response=response, error=error
        ) from error


def entity_path(table: str, partition: str, row: str) -> str:
    """Return the path of one entity."""
    partition, row = (quote(quoted(key), safe="'") for key in (partition, row))
    return f"{table}(PartitionKey={partition},RowKey={row})"


def quoted(text: str) -> str:
    """Return `text` as a literal of an OData filter."""
    return "'" + text.replace("'", "''") + "'"


def _continuation(response: HttpResponse) -> dict[str, str]:
    names = ("NextPartitionKey", "NextRowKey")
    found = {name: response.headers.get(f"x-ms-continuation-{name}") for name in names}
    return {name: value for name, value in found.items() if value}


def _error(response: HttpResponse) -> HttpResponseError:
    error = ERRORS.get(response.status_code, HttpResponseError)(response=response)
    try:
        told = orjson.loads(response.content)["odata.error"]  # the storage services' own form
        error.error_code = str(told["code"])  # type: ignore[attr-defined]
        error.message = f"{told['code']}: {told['message']['value']}"
    except (ValueError, KeyError, TypeError):
        return error
    return error
