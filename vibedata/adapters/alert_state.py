"""Watermarks in the table `alertstate`: one row each, which only ever moves forward, and one for a reader's note."""

from __future__ import annotations

from datetime import datetime, timezone

from azure.core.credentials import TokenCredential
from azure.core.pipeline.transport import RequestsTransport

from vibedata.adapters.table_rows import TableRows
from vibedata.alerts import times
from vibedata.errors import Transient

TABLE = "alertstate"
ROW = "watermark-{}"
NOTE = "note-{}"
PIECE_CHARS = 32_000  # of a note: a property holds 32,768, a row 1 MiB
TRIES = 5  # of a write that others come before


class TableWatermarks:
    """The rows `watermark-<name>` in the instance's partition."""

    def __init__(
        self,
        endpoint: str,
        credential: TokenCredential,
        instance_id: str,
        transport: RequestsTransport | None = None,
    ) -> None:
        self._rows = TableRows(endpoint, TABLE, credential, transport)
        self._partition = instance_id

    def read(self, name: str) -> datetime | None:
        """See `ports.Watermarks.read`."""
        return self._found(name)[0]

    def advance(self, name: str, moment: datetime) -> bool:
        """See `ports.Watermarks.advance`."""
        for _ in range(TRIES):
            kept, etag = self._found(name)
            if kept is not None and kept >= moment:
                return False
            # As text: a table's own times lose what is below a second on their way.
            values = {"Moment": moment.astimezone(timezone.utc).isoformat()}
            place = (self._partition, ROW.format(name))
            if self._rows.replace(place, values, etag) if etag else self._rows.insert(place, values):
                return True
        raise Transient(
            "azure-conflict",
            f"Others move the watermark {name} at the same time, again and again.",
            hint="Wait for the next run.",
        )

    def noted(self, name: str) -> str:
        """See `ports.Watermarks.noted`."""
        row = self._rows.read((self._partition, NOTE.format(name))) or {}
        return "".join(str(row[piece]) for piece in sorted(row) if piece.startswith("Piece"))

    def note(self, name: str, text: str) -> None:
        """See `ports.Watermarks.note`."""
        starts = range(0, len(text), PIECE_CHARS)
        pieces = {f"Piece{n:02d}": text[at : at + PIECE_CHARS] for n, at in enumerate(starts)}
        self._rows.put((self._partition, NOTE.format(name)), pieces)

    def _found(self, name: str) -> tuple[datetime | None, str]:
        row = self._rows.read((self._partition, ROW.format(name)))
        return (times.parse(row.get("Moment")), str(row["etag"])) if row else (None, "")
