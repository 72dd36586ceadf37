"""What every service of the stack stands on: state, time, tokens, roles, faults, addresses, the server."""

from local_stack.core.arm_ids import (
    name_of,
    parent_of,
    resource_group_of,
    resource_type,
    scope_of,
    subscription_of,
)
from local_stack.core.context import Context
from local_stack.core.errors import Forbidden, StackError, Unauthorized, WireError, json_error
from local_stack.core.principals import Principal
from local_stack.core.resources import Provider
from local_stack.core.server import bearer
from local_stack.core.service import ARM_AUDIENCES, Handler, Listener, Route, Service

__all__ = [
    "ARM_AUDIENCES",
    "Context",
    "Forbidden",
    "Handler",
    "Listener",
    "Principal",
    "Provider",
    "Route",
    "Service",
    "StackError",
    "Unauthorized",
    "WireError",
    "bearer",
    "json_error",
    "name_of",
    "parent_of",
    "resource_group_of",
    "resource_type",
    "scope_of",
    "subscription_of",
]
