"""Alerts of Azure Monitor, understood: pure functions from bytes to a typed Alert, its keys and its component.

    for body in alerts.read(raw):              # one alert, an array, {"records": […]}: each body with its shape
        body.shape.is_alert                    # what is none goes to `alerts-rejected` with shape.code and .reason
        alerts.delivery_key(body.document, body.shape)
        alert = alerts.parse(body.document, body.shape)
        alerts.concerned(alert, registry_rows)

Nothing here raises for a body that Azure could send, or that anybody could.
"""

from vibedata.alerts.concern import Concern, concerned
from vibedata.alerts.decoding import MAX_BYTES, MAX_DEPTH
from vibedata.alerts.keys import delivery_key, event_id
from vibedata.alerts.model import LEGACY, Alert, Link, Metric, ResourceId, Unplaced, comparable
from vibedata.alerts.parsing import parse
from vibedata.alerts.shapes import Body, Shape, read, shape_of
from vibedata.alerts.travelling import read_to_send

__all__ = [
    "LEGACY",
    "MAX_BYTES",
    "MAX_DEPTH",
    "Alert",
    "Body",
    "Concern",
    "Link",
    "Metric",
    "ResourceId",
    "Shape",
    "Unplaced",
    "comparable",
    "concerned",
    "delivery_key",
    "event_id",
    "parse",
    "read",
    "read_to_send",
    "shape_of",
]
