# ruff: noqa: F811 - pytest knows fixtures by their imported names
"""An import that was silent for so long that another one has taken over and ended: it changes nothing any more."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.builders.cloud import Cloud
from tests.builders.cloud_fixtures import stored_cloud  # noqa: F401
from tests.builders.release import publish
from tests.journeys.test_import import Importing, long_lived
from vibedata import receipt_chain
from vibedata.adapters.receipts import AzureReceipts
from vibedata.errors import Failed
from vibedata.ports import ReleaseRecord
from vibedata.receipts import Author, Settled


@pytest.fixture
def importing(stored_cloud: Cloud) -> Importing:
    """An instance whose publisher has a release."""
    salt = uuid.uuid4().hex
    stored_cloud.push(*publish(long_lived, salt=salt, bundle=salt.encode()))
    return Importing(stored_cloud)


def receipts_of(importing: Importing) -> AzureReceipts:
    return AzureReceipts(importing.cloud.table("receipts"), importing.instance_id)


class SlowPointer:
    """The release pointer of a run that falls asleep right before it writes, while another run does everything."""

    def __init__(self, importing: Importing) -> None:
        self._importing = importing
        self.get = importing.pointer.get

    def put(self, record: ReleaseRecord, *, fence: int = 0) -> None:
        self._importing.run()
        self._importing.pointer.put(record, fence=fence)


class SlowReceipts:
    """The receipts of such a run: it falls asleep after it has looked, as late as can be."""

    def __init__(self, importing: Importing) -> None:
        self._importing, self._real = importing, receipts_of(importing)
        self.read = self._real.read

    def settle(self, subjects: Any, author: Author) -> Settled:
        self._importing.run()
        return self._real.settle({**subjects, "release": "sha256:" + "f" * 64}, author)


@pytest.mark.parametrize("late", ["pointer", "receipts"])
def test_a_late_write_is_refused(importing: Importing, late: str) -> None:
    ports: dict[str, Any] = (
        {"releases": SlowPointer(importing)} if late == "pointer" else {"receipts": SlowReceipts(importing)}
    )
    with pytest.raises(Failed) as caught:
        importing.run(**ports)
    assert caught.value.code == "lease-lost"
    assert caught.value.detail["newer"] > caught.value.detail["fence"]
    found = receipts_of(importing).read()
    assert receipt_chain.first_break(importing.instance_id, found) is None
    record = importing.pointer.get()
    assert record is not None
    assert record.digest == found.last["release"]
    (release,) = [one for one in receipt_chain.chain(found) if one.subject == "release"]
    assert release.fence == 2, "it is the newer run's"
