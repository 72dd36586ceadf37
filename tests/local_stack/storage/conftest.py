from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from azure.identity import ClientSecretCredential

from local_stack.core.principals import Principal
from local_stack.threaded import ThreadedStack
from tests.local_stack.support import STORAGE, Place, credential_for


@dataclass
class Caller:
    """An application, and the credential that the SDKs take."""

    principal: Principal
    credential: ClientSecretCredential


@dataclass
class Account:
    """A storage account of its own for one test."""

    stack: ThreadedStack
    name: str
    id: str
    endpoints: dict[str, str]
    place: Place

    def caller(self, *roles: str) -> Caller:
        """Create an application with these roles at the account."""
        principal, secret = self.stack.create_application(f"test-{uuid.uuid4().hex[:6]}")
        for role in roles:
            self.stack.ctx.roles.assign(f"{self.id}/{uuid.uuid4()}", principal.oid, role, self.id)
        return Caller(principal, credential_for(self.stack, principal.app_id, secret))


@pytest.fixture(scope="package")
def storage_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThreadedStack]:
    directory = tmp_path_factory.mktemp("storage") / "stack"
    with ThreadedStack(directory, services=("identity", "arm", "storage")) as stack:
        yield stack


def make_account(stack: ThreadedStack, name: str) -> Account:
    place = Place(stack)
    made = place.put("Microsoft.Storage/storageAccounts", name, **STORAGE)
    return Account(stack, name, made["id"], made["properties"]["primaryEndpoints"], place)


@pytest.fixture
def new_account(storage_stack: ThreadedStack) -> Callable[[str], Account]:
    return lambda name: make_account(storage_stack, name)


@pytest.fixture
def account(storage_stack: ThreadedStack) -> Account:
    return make_account(storage_stack, f"st{uuid.uuid4().hex[:16]}")
