"""Where rows wait in the instance's storage account while the Logs Ingestion API does not take them.

One blob per batch, named by time and content, never overwritten. Any later process delivers and deletes it, and holds
it meanwhile by a lease; where one dies before it deletes, the rows arrive twice, which readers fold by EventId.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import zlib
from collections.abc import Sequence
from datetime import datetime, timezone
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

from azure.core.credentials import TokenCredential
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError

from vibedata.adapters.operations_ingestion import batches, packed
from vibedata.operations import Overflow

if TYPE_CHECKING:
    from azure.storage.blob import BlobServiceClient, ContainerClient

SPOOL_CONTAINER = "operations-spool"
DETAILS_CONTAINER = "operations-details"
PENDING = "pending/"
REJECTED = "rejected/"
MAX_BLOB_BYTES = 32 * 1024 * 1024
MAX_NAMES = 1000
HOLD_SECONDS = 60  # a lease's longest term; who dies keeps a batch from others for that long


class Spool:
    """The instance's spool. Nothing here raises: False says that the storage account is out of reach too.

    Its client is loaded when it is needed: most processes need it at their end only.
    """

    def __init__(self, account_url: str, credential: TokenCredential) -> None:
        self._account_url = account_url
        self._credential = credential
        self._held: dict[str, Any] = {}

    @cached_property
    def _service(self) -> BlobServiceClient:
        from azure.storage.blob import BlobServiceClient

        limits: dict[str, Any] = {"retry_total": 0, "connection_timeout": 5, "read_timeout": 20}
        return BlobServiceClient(self._account_url, self._credential, **limits)

    @property
    def _spool(self) -> ContainerClient:
        return self._service.get_container_client(SPOOL_CONTAINER)

    @property
    def _details(self) -> ContainerClient:
        return self._service.get_container_client(DETAILS_CONTAINER)

    def put(self, lines: Sequence[bytes], *, rejected: bool = False) -> bool:
        """Keep lines for a later process, or for a person when the service `rejected` them."""
        stamp = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        for batch in batches(lines):
            body = packed(batch)
            name = f"{REJECTED if rejected else PENDING}{stamp}-{hashlib.sha256(body).hexdigest()}.json.gz"
            if not self._upload(name, body):
                return False
        return True

    def put_details(self, overflow: Overflow) -> bool:
        """Keep Details that were too large for their row."""
        try:
            self._details.upload_blob(overflow.name, overflow.content, overwrite=False)
        except ResourceExistsError:
            return True
        except Exception:  # noqa: BLE001 - a token that cannot be read is a ValueError
            return False
        return True

    def waiting(self) -> list[str] | None:
        """Return the names of waiting batches, at most 1,000, oldest first; None: they cannot be listed now."""
        try:
            # Names only: a blob's properties are fifty objects, and a spool that fills is listed often.
            found = self._spool.list_blob_names(name_starts_with=PENDING, results_per_page=MAX_NAMES)
            return list(islice(found, MAX_NAMES))
        except Exception:  # noqa: BLE001 - a token that cannot be read is a ValueError
            return None

    def read(self, name: str) -> list[bytes] | None:
        """Return a batch's lines; None when it is gone, or unreadable and now among the rejected ones."""
        try:
            body = self._spool.download_blob(name, offset=0, length=MAX_BLOB_BYTES).readall()
        except Exception:  # noqa: BLE001 - a token that cannot be read is a ValueError
            return None
        try:
            rows = json.loads(_unpacked(body))
            return [_line(row) for row in rows]
        except (ValueError, TypeError, OSError, EOFError, RecursionError, zlib.error):
            if self._upload(name.replace(PENDING, REJECTED, 1), body):
                self.delete(name)
            return None

    def hold(self, name: str) -> bool:
        """Keep others that ask for it from a batch until it is deleted or released, for a minute at most.

        False: it is held, or gone.
        """
        try:
            self._held[name] = self._spool.get_blob_client(name).acquire_lease(HOLD_SECONDS)
        except Exception:  # noqa: BLE001 - a token that cannot be read is a ValueError
            return False
        return True

    def release(self, name: str) -> bool:
        """Let others have a batch, if it is held; False: no answer came, so they have it after a minute."""
        held = self._held.pop(name, None)
        try:
            if held:
                held.release()
        except HttpResponseError:
            return True
        except Exception:  # noqa: BLE001 - a token that cannot be read is a ValueError
            return False
        return True

    def forget(self, name: str) -> None:
        """Leave a batch to the end of its lease."""
        self._held.pop(name, None)

    def delete(self, name: str) -> bool:
        """Remove a delivered batch; another process may have done so. False: no answer came."""
        held, answered = self._held.pop(name, None), False
        # Once more where it fails, for the batch has arrived; a lease that has run out deletes nothing.
        for lease in (held, held, None):
            try:
                self._spool.delete_blob(name, **({"lease": lease} if lease else {}))
            except ResourceNotFoundError:
                return True
            except HttpResponseError:
                answered = True
            except Exception:  # noqa: BLE001 - a token that cannot be read is a ValueError
                answered = False
            else:
                return True
        return answered

    def _upload(self, name: str, body: bytes) -> bool:
        try:
            self._spool.upload_blob(name, body, overwrite=False)
        except ResourceExistsError:
            return True
        except Exception:  # noqa: BLE001 - a token that cannot be read is a ValueError
            return False
        return True


def _line(row: object) -> bytes:
    """Return a row as it was put: with an escape for each letter beyond ASCII it might be three times as long."""
    try:
        return json.dumps(row, separators=(",", ":"), ensure_ascii=False).encode()
    except UnicodeEncodeError:  # half a character, which only an escape can say
        return json.dumps(row, separators=(",", ":")).encode()


def _unpacked(body: bytes) -> bytes:
    with gzip.GzipFile(fileobj=io.BytesIO(body)) as file:
        return file.read(MAX_BLOB_BYTES)  # a bomb ends as cut JSON
