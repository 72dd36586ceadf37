"""What would make the template one of languageVersion 2.0, and is therefore refused."""

from __future__ import annotations

from local_stack.bicep.diagnostics import Diagnostics
from local_stack.bicep.model import Model
from local_stack.bicep.syntax import Spread


def check_refused(model: Model, diagnostics: Diagnostics) -> None:
    """Refuse secure outputs, modules without a name, and existing resources with `dependsOn`."""
    for output in model.outputs:
        secure = output.decorator("secure")
        if secure:
            diagnostics.refuse(secure, "A secure output (it needs languageVersion 2.0) is")
    for symbol in model.modules:
        if symbol.property_value("name") is None:
            diagnostics.refuse(
                symbol.node, f"The module '{symbol.name}' without a name (it needs languageVersion 2.0) is"
            )
    for symbol in model.resources:
        found = symbol.body.get("dependsOn")
        if symbol.existing and found:
            diagnostics.refuse(
                found.key, "An existing resource with dependsOn (it needs languageVersion 2.0) is"
            )
    for symbol in [*model.resources, *model.modules]:
        for each in symbol.body.members:
            if isinstance(each, Spread):
                message = 'The spread operator "..." is not permitted in this location.'
                diagnostics.error(each, "BCP401", message)
