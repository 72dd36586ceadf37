"""`python -m local_stack`: the local stack for people."""

import sys

try:
    from local_stack.core.cli import main
except ModuleNotFoundError as error:  # somebody's own Python instead of the checkout's
    print(
        f"local_stack: {sys.executable} lacks {error.name}; say `.venv/bin/python -m local_stack`",
        file=sys.stderr,
    )
    print(
        "             (`make setup` makes it; a shell with its `env` has it first on PATH).", file=sys.stderr
    )
    sys.exit(3)

sys.exit(main())
