"""Azure Functions' host, as far as the Python v2 model needs it: runs a function app's own code on its triggers.

It stands for the host and the extension bundle. An *instance* of Azure's is a worker process here: it has the
listeners and the app's code, so that killing it loses what a lost instance loses. `FunctionsHost` is in `threaded`.
"""
