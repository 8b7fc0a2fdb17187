"""Where the tests find what they share."""

import sys
from pathlib import Path

for shared in ("engagements", "journey", "directory", "conformance", "journal"):
    sys.path.insert(0, str(Path(__file__).parent / shared))
