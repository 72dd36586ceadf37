"""The Function app: every function of `functions_app/`, and nothing of its own. Azure looks for it under this name."""

import azure.functions as func

from functions_app import blueprints
from vibedata.wiring.functions import FunctionWires

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
for blueprint in blueprints(FunctionWires.of_this_process):
    app.register_functions(blueprint)
