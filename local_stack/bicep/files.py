"""Files that a template names: modules, and what the load functions read. Paths are relative to the naming file."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

from local_stack.bicep.jsonpath import select

_ENCODINGS = {
    "utf-8": "utf-8-sig",
    "us-ascii": "ascii",
    "iso-8859-1": "latin-1",
    "utf-16": "utf-16-le",
    "utf-16BE": "utf-16-be",
}
_FORBIDDEN = re.compile(r'["*:<>?|]')
_LONGEST_TEXT, _LONGEST_JSON, _LARGEST_BINARY = 131_072, 1_048_576, 96 * 1024


class Unreadable(Exception):
    """A path or file that cannot be used; carries the compiler's code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def resolved(path: str, beside: str) -> Path:
    """Return the file that a path means, seen from the file that names it. Raises Unreadable."""
    if not path.strip():
        raise Unreadable("BCP050", "The specified path is empty.")
    if path.startswith("/"):
        message = (
            "The specified path seems to reference an absolute path. Files must be referenced "
            "using relative paths."
        )
        raise Unreadable("BCP051", message)
    if "\\" in path:
        message = (
            'The specified file path contains a "\\" character. Use "/" instead as the directory '
            "separator character."
        )
        raise Unreadable("BCP098", message)
    if any(ord(each) < 32 for each in path):
        raise Unreadable("BCP111", "The specified file path contains invalid control code characters.")
    if _FORBIDDEN.search(path):
        message = (
            "The specified file path contains one ore more invalid path characters. The following "
            "are not permitted: "
        )
        raise Unreadable("BCP085", message + '""", "*", ":", "<", ">", "?", "\\", "|".')
    if path[-1] in " .":
        message = (
            "The specified file path ends with an invalid character. The following are not "
            'permitted: " ", ".".'
        )
        raise Unreadable("BCP086", message)
    return Path(beside).parent.joinpath(*path.split("/")).resolve()


def read_bytes(file: Path) -> bytes:
    """Return a file's bytes. Raises Unreadable."""
    try:
        return file.read_bytes()
    except IsADirectoryError:
        message = f'Unable to open file at path "{file}". Found a directory instead.'
        raise Unreadable("BCP275", message) from None
    except OSError as error:
        missing = (
            f"Could not find file '{file}'."
            if isinstance(error, FileNotFoundError)
            else f"{error.strerror}: '{file}'."
        )
        raise Unreadable("BCP091", f"An error occurred reading file. {missing}") from None


def read_text(file: Path, encoding: str = "utf-8") -> str:
    """Return a file's text without byte order mark; broken bytes become U+FFFD. Raises Unreadable."""
    raw = read_bytes(file)
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", "replace")
    return raw.decode(_ENCODINGS[encoding], "replace").removeprefix("\ufeff")


def load(function: str, arguments: list[str], beside: str) -> Any:
    """Return what a load function returns. Raises Unreadable."""
    file = resolved(arguments[0], beside)
    if function == "loadFileAsBase64":
        raw = read_bytes(file)
        if len(raw) > _LARGEST_BINARY:
            raise Unreadable("BCP184", f"File '{file}' exceeded maximum size of {_LARGEST_BINARY} bytes.")
        return base64.b64encode(raw).decode("ascii")
    limit, at = (_LONGEST_JSON, 2) if function == "loadJsonContent" else (_LONGEST_TEXT, 1)
    encoding = arguments[at] if len(arguments) > at else "utf-8"
    if encoding not in _ENCODINGS:
        raise Unreadable(
            "BCP070",
            (
                f"Argument of type \"'{encoding}'\" is not assignable to parameter of type "
                "\"'iso-8859-1' | 'us-ascii' | 'utf-16' | 'utf-16BE' | 'utf-8'\"."
            ),
        )
    text = read_text(file, encoding)
    if len(text) > limit:
        raise Unreadable("BCP184", f"File '{file}' exceeded maximum size of {limit} characters.")
    if function == "loadTextContent":
        return text
    value = parse_json(text)
    return select(value, arguments[1]) if len(arguments) > 1 else value


def parse_json(text: str) -> Any:
    """Return the value of a JSON text. Raises Unreadable."""
    try:
        return json.loads(text, parse_float=_fraction, parse_int=_integer, parse_constant=_odd)
    except (ValueError, RecursionError):
        message = "Unable to parse literal JSON value. Please ensure that it is well-formed."
        raise Unreadable("BCP186", message) from None


def _integer(text: str) -> int:
    return int(text) if len(text) < 20 and -(2**63) <= int(text) < 2**63 else _odd(text)


def _fraction(text: str) -> float:
    """Fractions as large or small as the compiler writes without an exponent."""
    value = float(text)
    return value if 1e-4 <= abs(value) < 1e15 else _odd(text)


def _odd(text: str) -> Any:
    raise Unreadable(
        "VBC001",
        (f"A JSON file with the number {text} is not supported by this stand-in for the Bicep compiler."),
    )
