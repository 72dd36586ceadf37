"""The Function app: every function of `functions_app/`, and nothing of its own. Azure looks for it under this name."""

import azure.functions as func

from functions_app import arenas, blueprints
from vibedata.wiring.functions import FunctionWires

arenas.keep_few()
app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
for blueprint in blueprints(FunctionWires.of_this_process):
    app.register_functions(blueprint)
