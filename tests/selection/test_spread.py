"""Water filling against giving one image at a time."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ballast.selection.spread import spread_evenly
from tests.oracles.spread import spread_by_turns


@settings(deadline=None, derandomize=True)
@given(st.lists(st.integers(0, 12), min_size=1, max_size=8), st.data())
def test_as_if_clusters_gave_in_turn(sizes, data):
    total = data.draw(st.integers(0, sum(sizes)))
    assert spread_evenly(torch.tensor(sizes), total).tolist() == spread_by_turns(sizes, total)
