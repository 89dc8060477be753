"""A tailness that is not finite would select at random: the stage refuses it with the parameter to change."""

from types import SimpleNamespace

import pandas as pd
import pytest
import torch
from torch.nn.functional import normalize

from ballast.config.profile import Scoring
from ballast.embeddings.shards import save_shards
from ballast.runtime.errors import BallastError
from stages import score_pool
from stages.common.repeats import Repeat

pytestmark = pytest.mark.unit
P = SimpleNamespace(threads=1, deterministic=True, profile=SimpleNamespace(
    name="smoke", score=Scoring(repeats=1, block=4, temperature=0.2, centres=2)))


def test_only_finite_scores_are_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("in_domain", "pool", "views/000", "views/001"):
        chance = torch.Generator().manual_seed(len(name))
        save_shards(f"data/embed/1/{name}", [normalize(torch.randn(12, 4, generator=chance))])
    score_pool.score(P, Repeat(1, 1, 1))
    written = pd.read_parquet(tmp_path / "data/scores/1.parquet")
    assert list(written) == ["pool", "ecle", "distance"] and len(written) == 12 and not written.isna().any(axis=None)
    monkeypatch.setattr(score_pool, "ecle", lambda *_: torch.tensor([1.0] * 11 + [torch.nan]))
    line = "configs/profiles/smoke.yaml: score.temperature: expected one with which every ECLE is finite, got 0.2"
    with pytest.raises(BallastError, match=line):
        score_pool.score(P, Repeat(1, 1, 1))
    assert pd.read_parquet(tmp_path / "data/scores/1.parquet").equals(written)
