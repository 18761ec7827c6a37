"""The tests of this folder see the repository through `tree`, a module beside them."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
