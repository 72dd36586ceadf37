"""Refuses a queue message that is no XML, as Azure does.

Azurite takes one with a character that XML cannot hold, and then answers 500 to whoever receives it: its whole batch,
good messages too, stays hidden.
"""

from __future__ import annotations

from typing import NoReturn
from xml.parsers import expat

from local_stack.storage.errors import bad_xml

WRITES = frozenset(("queue.PutMessage", "queue.UpdateMessage"))


def check(body: bytes) -> None:
    """Return if a message's document is XML 1.0. Raises WireError (InvalidXmlDocument)."""
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _no_doctype  # so no entity can be declared that grows
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        raise bad_xml(error.lineno, error.offset + 1) from error


def _no_doctype(*_: object) -> NoReturn:
    raise bad_xml(1, 1)
