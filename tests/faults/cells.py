"""The whole fault table, in the order of its page."""

from __future__ import annotations

from tests.faults import azure_cells, import_cells, lease_cells, network_cells, worker_cells
from tests.faults.cell import Cell


def cells() -> list[Cell]:
    """Return every cell. Raises ValueError when two share a name."""
    every = [
        *network_cells.cells(),
        *azure_cells.cells(),
        *import_cells.cells(),
        *worker_cells.cells(),
        *lease_cells.cells(),
    ]
    names = [cell.title for cell in every]
    if len(set(names)) != len(names):
        raise ValueError(f"two cells share a name: {sorted(n for n in set(names) if names.count(n) > 1)}")
    return every
