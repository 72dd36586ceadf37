"""How the worker starts the engine: `python -I -S <bundle>/vibedata/__main__.py [--secrets-from-stdin] ENVELOPE`.

With `-I -S` nothing of the machine's own Python is visible; everything comes from the bundle this file lies in.
`... __main__.py cli ARGS` is the command line from a bundle.
"""

import gc
import sys
from pathlib import Path

GARBAGE_AFTER = 50_000  # objects: loading a thousand modules makes many, and none of them garbage


def main(argv: list[str]) -> int:
    """Run the verb of an envelope, or the command line; returns the exit code."""
    gc.set_threshold(GARBAGE_AFTER)
    sys.path[:0] = [str(Path(__file__).resolve().parent.parent)]
    if argv[:1] == ["cli"]:
        from vibedata.cli import main as cli_main

        return cli_main(argv[1:])
    from vibedata import entry

    return entry.main(argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
