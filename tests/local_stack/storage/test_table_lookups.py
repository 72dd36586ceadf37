"""A query of one partition begins with the rows of that partition: the answers are the same."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable

import pytest
from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.data.tables import TableClient, UpdateMode

from local_stack.threaded import ThreadedStack
from tests.local_stack.storage.conftest import make_account
from tests.local_stack.storage.test_data_plane import tables

# An index that compares what looks like a number as one must not mix these up.
PARTITIONS = ["1", "01", "10", "1e1", "a", "A", "a or b", "it's", "é"]
ROWS = ["1", "01", "1e0", "b", "B", "~", "x or y", "it's"]
Row = tuple[str, str, int]


def quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


@pytest.fixture(scope="module")
def filled(storage_stack: ThreadedStack) -> tuple[TableClient, list[Row]]:
    """A table in which rows were written, written again, and deleted; and what must be in it."""
    account = make_account(storage_stack, "stlookups")
    table = tables(account, account.caller("Storage Table Data Contributor")).create_table("rows")
    expected: dict[tuple[str, str], int] = {}
    rng = random.Random(7)
    for number, place in enumerate(rng.sample(list(itertools.product(PARTITIONS, ROWS)), 50)):
        table.create_entity({"PartitionKey": place[0], "RowKey": place[1], "N": number})
        expected[place] = number
    for place in rng.sample(sorted(expected), 20):
        expected[place] += 100
        row = {"PartitionKey": place[0], "RowKey": place[1], "N": expected[place]}
        table.update_entity(row, mode=UpdateMode.REPLACE)
    for place in rng.sample(sorted(expected), 15):
        table.delete_entity(*place)
        del expected[place]
    return table, sorted((*place, number) for place, number in expected.items())


def test_each_row_is_found_by_its_own_keys_and_no_other(filled: tuple[TableClient, list[Row]]) -> None:
    table, rows = filled
    known = {(partition, row): number for partition, row, number in rows}
    for place in itertools.product(PARTITIONS, ROWS):
        if place in known:
            assert table.get_entity(*place)["N"] == known[place]
            with pytest.raises(ResourceExistsError):
                table.create_entity({"PartitionKey": place[0], "RowKey": place[1]})
        else:
            with pytest.raises(ResourceNotFoundError):
                table.get_entity(*place)


QUERIES: dict[str, Callable[[str, str, str, int], bool]] = {
    "PartitionKey eq {p}": lambda asked, p, r, n: p == asked,
    "(PartitionKey eq {p}) and (N ge 30)": lambda asked, p, r, n: p == asked and n >= 30,
    "PartitionKey eq {p} and RowKey ge 'b' and RowKey lt '~'": lambda asked, p, r, n: (
        p == asked and "b" <= r < "~"
    ),
    "PartitionKey eq {p} and (RowKey eq 'b' or N lt 20)": lambda asked, p, r, n: (
        p == asked and (r == "b" or n < 20)
    ),
    "PartitionKey eq {p} or RowKey eq 'x or y'": lambda asked, p, r, n: p == asked or r == "x or y",
    "not (PartitionKey eq {p})": lambda asked, p, r, n: p != asked,
    "PartitionKey eq {p} and not (RowKey eq '1')": lambda asked, p, r, n: p == asked and r != "1",
    "PartitionKey ge {p}": lambda asked, p, r, n: p >= asked,
    "N ge 30 and PartitionKey eq {p}": lambda asked, p, r, n: p == asked and n >= 30,
}


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_answers_with_the_rows_that_are_meant(
    filled: tuple[TableClient, list[Row]], query: str
) -> None:
    table, rows = filled
    for asked in (*PARTITIONS, "nobody"):
        found = table.query_entities(query.format(p=quoted(asked)), results_per_page=4)
        expected = [one for one in rows if QUERIES[query](asked, *one)]
        assert [(one["PartitionKey"], one["RowKey"], one["N"]) for one in found] == expected, asked
