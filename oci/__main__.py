"""`python -m oci`."""

import sys

from oci.cli import main

if __name__ == "__main__":
    sys.exit(main())
