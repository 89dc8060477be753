import pytest

from tests import ROOT


@pytest.fixture
def configuration_files():
    return [ROOT / "params.yaml", *sorted((ROOT / "configs").rglob("*.yaml"))]
