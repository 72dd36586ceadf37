"""What is wrong with a bound file apart from its types: loops, cycles, names, decorators, lambdas, scopes."""

from __future__ import annotations

from local_stack.bicep.checks.cycles import check_cycles
from local_stack.bicep.checks.decorators import check_decorators
from local_stack.bicep.checks.lambdas import check_lambdas
from local_stack.bicep.checks.loops import check_loops
from local_stack.bicep.checks.names import check_names
from local_stack.bicep.checks.refused import check_refused
from local_stack.bicep.checks.scopes import check_scopes
from local_stack.bicep.diagnostics import Diagnostics
from local_stack.bicep.model import Model


def check(model: Model, diagnostics: Diagnostics) -> None:
    """Report what the compiler reports."""
    check_names(model, diagnostics)
    check_cycles(model, diagnostics)
    check_decorators(model, diagnostics)
    check_loops(model, diagnostics)
    check_lambdas(model, diagnostics)
    check_refused(model, diagnostics)
    if not diagnostics.failed:
        check_scopes(model, diagnostics)
