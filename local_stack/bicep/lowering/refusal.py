"""How lowering says no: whatever it cannot do exactly as the real compiler does stops the build, with the place."""

from __future__ import annotations

from local_stack.bicep.syntax import Node


class Refusal(Exception):
    """Raised at what the stand-in does not lower. `code` is the compiler's own where it has one."""

    def __init__(self, node: Node, what: str, code: str | None = None) -> None:
        super().__init__(what)
        self.node, self.what, self.code = node, what, code
