"""Any name of a file system is one line of text, survives a table, and comes back."""

import io
import os

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballast.runtime.names import escaped, image_path, unescaped

pytestmark = pytest.mark.unit
NAMES = st.binary(min_size=1, max_size=30).filter(lambda name: not {0, 47} & set(name)).map(os.fsdecode)


@given(NAMES)
def test_a_name_is_one_line_of_utf_8_and_comes_back(name):
    text = escaped(name)
    assert unescaped(text) == name and len(text.splitlines()) <= 1 and text.encode("utf-8")
    assert name == "." or os.fsencode(image_path(f"/{text}")) == os.fsencode(f"/{name}")


@given(st.lists(NAMES, min_size=1, max_size=5))
def test_names_survive_a_table(names):
    text = pd.DataFrame({"path": [f"pool/{escaped(name)}" for name in names]}).to_csv(index=False)
    assert pd.read_csv(io.StringIO(text), dtype=str)["path"].tolist() == [f"pool/{escaped(name)}" for name in names]


def test_usual_names_stay_as_they_are():
    for name in ("a b/prö jekt 😀.jpg", "x,y\"z", "=1+1", "<script>", "NA", "01", "x.npy#3.jpg", "日本"):
        assert escaped(name) == name
    assert escaped("caf\udce9.jpg") == "caf\\udce9.jpg" and escaped("a\\b\n") == "a\\u005cb\\u000a"
