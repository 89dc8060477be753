"""The stages of dvc.yaml, run as ``python -m stages.NAME``.

The library is the one of this tree, not an installed one: ``dvc exp run --temp`` runs in a copy with code of its own.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))
