"""`python -m local_stack`: the local stack for people."""

import sys

from local_stack.core.cli import main

sys.exit(main())
