"""Start this runbook's verb in the engine bundle that its envelope names, else in the current one (D4)."""

import base64
import json
import os
import re
import sys
from pathlib import Path

VERB = "import_artifacts"
HINT = "Start the runbook through `vibedata`; if a bundle is missing, run import_artifacts again."

try:
    word = sys.argv[1][:65536]
    envelope = json.loads(base64.urlsafe_b64decode(word + "=" * (-len(word) % 4)))
    bundle = envelope.get("bundle")
    if envelope.get("verb") != VERB:
        raise ValueError("the envelope is for another runbook")
    if bundle is not None and not re.fullmatch("sha256:[0-9a-f]{64}", bundle):
        raise ValueError("its bundle is no sha256 digest")
    home = Path(os.environ.get("VIBEDATA_HOME", "/opt/vibedata"))
    tree = home / "bundles" / bundle.replace(":", "-") if bundle else home / "current"
    main = (tree / "vibedata" / "__main__.py").resolve(strict=True)
except (ValueError, LookupError, TypeError, AttributeError, OSError, RecursionError) as error:
    message = f"Runbook {VERB} was not started: {type(error).__name__}: {error}"[:600]
    refusal = {"kind": "BadInput", "code": "launcher-refused", "message": message, "hint": HINT, "detail": {}}
    sys.exit(json.dumps(refusal))
os.execv(sys.executable, [sys.executable, "-I", "-S", str(main), word])  # noqa: S606 - no shell is wanted
