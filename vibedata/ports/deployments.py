"""What Azure Resource Manager did for the template, and how much of it is written down already."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from vibedata.deployment_operations import Deployment, DeploymentOperation


class DeploymentHistory(Protocol):
    """The managed resource group's deployments. Both raise Blocked (role-missing), Transient, Failed."""

    def deployments(self) -> Iterator[Deployment]:
        """Yield every deployment of the group, nested ones too, page by page, in no order."""

    def operations(self, deployment: str) -> Iterator[DeploymentOperation]:
        """Yield what a deployment has done so far, page by page; nothing for one that is gone."""


class RecordedDeployments(Protocol):
    """Which deployments had ended when they were written down. Neither raises: what is forgotten is written again."""

    def read(self) -> Mapping[str, str]:
        """Return the time at which each of them last changed, as ARM wrote it, by its id in lower case."""

    def write(self, known: Mapping[str, str]) -> None:
        """Remember exactly these."""
