"""Builds what writes down the deployment's own operations, for the phases that do it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from vibedata import settings
from vibedata.deployment_record import DeploymentRecorder
from vibedata.settings import Settings


def deployment_recorder(
    s: Settings, credential: Any, transport: Any, clock: Callable[[], datetime]
) -> DeploymentRecorder:
    """Return the recorder of the instance that the settings name."""
    from vibedata.adapters.deployments import RememberedDeployments, ResourceManagerDeployments

    history = ResourceManagerDeployments(
        s.arm_endpoint, credential, s.subscription_id, s.resource_group, transport
    )
    recorded = RememberedDeployments(settings.home() / "work" / "deployments")
    return DeploymentRecorder(history, recorded, time.sleep, clock)
