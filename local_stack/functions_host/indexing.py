"""Finds the app's functions, once per process, by the library's own metadata: as Azure's Python worker indexes."""

from __future__ import annotations

import enum
import importlib
import inspect
import re
import sys
import traceback
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import azure.functions as func
from azure.functions.decorators.function_app import FunctionRegister

from local_stack.functions_host import retries
from local_stack.functions_host.app_settings import resolved
from local_stack.functions_host.errors import HostError
from local_stack.functions_host.retries import Retry

TRIGGERS = ("queueTrigger", "eventHubTrigger", "httpTrigger", "timerTrigger")
_CONTEXT = "context"
_SCRIPT = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9_\-]*\.py")
_PACKAGES = Path(".python_packages/lib/site-packages")


@dataclass(frozen=True)
class Function:
    """One function and its trigger; `binding` has camelCase names, and settings in the place of `%Name%`."""

    name: str
    kind: str
    argument: str
    binding: dict[str, Any]
    call: Callable[..., Any]
    is_async: bool
    wants_context: bool
    annotation: Any
    retry: Retry | None

    def told(self) -> dict[str, Any]:
        """Return what the host must know of it, as JSON."""
        return {"name": self.name, "kind": self.kind, "binding": self.binding}


def index(app: Path, settings: Mapping[str, str]) -> list[Function]:
    """Import the app's entry and return its functions. Raises HostError."""
    name = settings.get("PYTHON_SCRIPT_FILE_NAME", "function_app.py")
    if not _SCRIPT.fullmatch(name):
        raise HostError(f"PYTHON_SCRIPT_FILE_NAME is {name!r}; it must be a .py file in the app's root.")
    if not (app / name).is_file():
        raise HostError(f"{app / name} is missing, so there are no functions.")
    sys.path[0:0] = [str(app), str(app / _PACKAGES)]
    module = _import(name)
    try:
        found = _the_app(module, name).get_functions()
    except ValueError as error:
        raise HostError(f"{name} cannot be indexed: {error}") from error
    if not found:
        raise HostError(f"{name} has no functions. Register blueprints after their decorators have run.")
    return [_function(each, settings) for each in found]


def _import(name: str) -> ModuleType:
    try:
        return importlib.import_module(name.removesuffix(".py"))
    except Exception as error:
        raise HostError(f"{name} cannot be imported:\n{traceback.format_exc().strip()}") from error


def _the_app(module: ModuleType, name: str) -> Any:
    found = [key for key, value in vars(module).items() if isinstance(value, FunctionRegister)]
    if len(found) != 1:
        many = f"has several ({', '.join(found)})" if found else "has none"
        raise HostError(f"{name} must have exactly one name for a FunctionApp; it {many}.")
    return getattr(module, found[0])


def _function(found: Any, settings: Mapping[str, str]) -> Function:
    name = str(found.get_function_name())
    trigger = found.get_trigger()
    if trigger is None or trigger.type not in TRIGGERS:
        kind = trigger.type if trigger else "none"
        raise HostError(f"The trigger of {name} is {kind}; this host knows {', '.join(TRIGGERS)}.")
    _refuse_other_bindings(found, name, trigger)
    call = found.get_user_function()
    parameters = set(inspect.signature(call).parameters)
    if parameters - {_CONTEXT} != {trigger.name}:
        raise HostError(
            f"{name} must take {trigger.name} (and context, if it wants); it takes {sorted(parameters)}."
        )
    return Function(
        name=name,
        kind=trigger.type,
        argument=trigger.name,
        binding={key: _plain(value, settings, name) for key, value in trigger.get_dict_repr().items()},
        call=call,
        is_async=inspect.iscoroutinefunction(call),
        wants_context=_CONTEXT in parameters,
        annotation=_annotation(call, trigger, name),
        retry=_retry(found, trigger.type, name),
    )


def _refuse_other_bindings(found: Any, name: str, trigger: Any) -> None:
    if trigger.type == "httpTrigger" and found.http_type != "function":
        raise HostError(f"{name} is an {found.http_type} app; this host serves plain HTTP functions only.")
    for binding in found.get_bindings():
        answer = trigger.type == "httpTrigger" and binding.type == "http"
        if binding is not trigger and not answer:
            raise HostError(
                f"{name} has the binding {binding.name} ({binding.type}); this host binds triggers only."
            )


def _annotation(call: Callable[..., Any], trigger: Any, name: str) -> Any:
    try:
        annotation = typing.get_type_hints(call).get(trigger.name)
    except Exception:  # noqa: BLE001 - a name that only type checkers know says nothing, in Azure's worker neither
        return None
    if annotation is None:
        return None
    registry: Any = func.get_binding_registry  # untyped
    converter = registry().get(trigger.type)
    if converter and not converter.check_input_type_annotation(annotation):
        raise HostError(
            f"{name}: {trigger.name} is annotated {annotation}, which its {trigger.type} cannot be."
        )
    return annotation


def _retry(found: Any, kind: str, name: str) -> Retry | None:
    told = retries.parse(found.get_settings_dict("retry_policy"), name)
    return told if kind in retries.HONOURED_BY else None


def _plain(value: Any, settings: Mapping[str, str], name: str) -> Any:
    if isinstance(value, enum.Enum):
        return value.value if isinstance(value.value, str) else value.name
    if isinstance(value, (list, tuple, set)):
        return [_plain(each, settings, name) for each in value]
    return resolved(value, settings, name) if isinstance(value, str) else value
