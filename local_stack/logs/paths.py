"""Where the logs services answer: the ingestion and query listeners, and the resource types they own."""

from __future__ import annotations

from local_stack.core.context import Context
from local_stack.core.resources import Provider
from local_stack.core.service import Listener, Route, Service
from local_stack.logs import state
from local_stack.logs.answers import Answers
from local_stack.logs.resources import Endpoints, Rules, Tables, Workspaces
from local_stack.logs.state import Logs

INGESTION_AUDIENCES = ("https://monitor.azure.com",)
QUERY_AUDIENCES = ("https://api.loganalytics.io", "https://api.loganalytics.azure.com")


class LogsService(Service):
    """Azure Monitor's logs."""

    name = "logs"

    def __init__(self, ctx: Context) -> None:
        super().__init__(ctx)
        self._logs = Logs(ctx)
        self._answers = Answers(ctx, self._logs)

    def listeners(self) -> list[Listener]:
        ingest = Route(
            "POST", "/dataCollectionRules/{rule}/streams/{stream}", self._answers.ingest, "logs.ingest"
        )
        query = Route(
            "POST", "/v1/workspaces/{workspace}/query", self._answers.query, "logs.query", write=False
        )
        return [
            Listener("logs_ingestion", [ingest], INGESTION_AUDIENCES),
            Listener("logs_query", [query], QUERY_AUDIENCES),
        ]

    def control_routes(self) -> list[Route]:
        """Return what people on this machine ask the logs by, without a token."""
        return [Route("POST", "/query", self._answers.ask, "logs.ask", write=False)]

    def providers(self) -> dict[str, Provider]:
        return {
            state.WORKSPACE: Workspaces(self.ctx),
            state.TABLE: Tables(self._logs),
            state.ENDPOINT: Endpoints(self.ctx, self._logs),
            state.RULE: Rules(self.ctx, self._logs),
        }
