"""Small sources, compiled without Azure's types: what the language itself makes of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from local_stack.azure_types import AzureTypes
from local_stack.bicep.compilation import Compilation
from local_stack.bicep.diagnostics import Diagnostic

NO_TYPES = Path(__file__).parent / "no-such-folder"


def compiled(folder: Path, text: str, **others: str) -> tuple[dict[str, Any] | None, list[Diagnostic]]:
    """Compile a text as main.bicep; the others become files beside it (`__` in a name stands for a dot)."""
    for name, content in others.items():
        (folder / name.replace("__", ".")).write_text(content, "utf-8")
    main = folder / "main.bicep"
    main.write_bytes(text.encode("utf-8"))
    compilation = Compilation(AzureTypes(NO_TYPES))
    template = compilation.build(main)
    return template, [
        each for each in compilation.diagnostics if not each.from_linter and each.level != "Info"
    ]


def template(folder: Path, text: str, **others: str) -> dict[str, Any]:
    """Return the template of a text that has no errors."""
    built, found = compiled(folder, text, **others)
    assert built is not None, "\n".join(map(str, found))
    return built


def errors(folder: Path, text: str, **others: str) -> list[tuple[int, int, str]]:
    """Return line, column and code of every error in main.bicep; nothing may have been built."""
    built, found = compiled(folder, text, **others)
    told = [
        (each.line, each.column, each.code)
        for each in found
        if each.is_error and each.path.endswith("main.bicep")
    ]
    assert (built is None) == any(each.is_error for each in found)
    return told
