"""The library stands on torch, numpy, pandas and scikit-learn: dvc and mlflow are the stages', faiss is a luxury."""

import subprocess
import sys

from tests import ROOT

ALONE = """
import importlib, pkgutil, sys
for name in ("dvc", "mlflow", "faiss"):
    sys.modules[name] = None
import ballast
names = [module.name for module in pkgutil.walk_packages(ballast.__path__, "ballast.")]
for name in names:
    importlib.import_module(name)
print(len(names))
"""


def test_every_module_loads_without_dvc_mlflow_and_faiss():
    done = subprocess.run([sys.executable, "-c", ALONE], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 60
