"""Any text of parameters means to the stages what it means to DVC, or is refused in one line."""

from hypothesis import strategies as st
from ruamel.yaml import YAML

from ballast.config.yaml import parse_yaml
from tests import ROOT
from tests.fuzz.generated import changed_text
from tests.fuzz.rule import ends_well, fuzz

LINES = [path.read_text().split("\n") for path in (ROOT / "params.yaml", ROOT / "configs/profiles/laptop.yaml",
                                                   ROOT / "configs/datasets/own.yaml")]
PARTS = ["\n".join(lines[start : start + 15]) for lines in LINES for start in range(0, len(lines), 15)]
REFUSED = object()


def dvc_reads(text: str) -> object:
    try:
        return YAML(typ="safe").load(text)
    except Exception:  # of many kinds
        return REFUSED


@fuzz(150, text=st.sampled_from(PARTS).flatmap(changed_text) | st.text(max_size=40)
      | st.sampled_from(['a: "\\udc80"', "a: \udc80", 'a: "\\ud83d\\ude00"']))
def test_a_text_means_what_it_means_to_dvc(text):
    found = ends_well(lambda: [parse_yaml(text, "params.yaml")], "params.yaml")
    if found is not None:
        expected = dvc_reads(text)
        assert expected is REFUSED or repr(found[0]) == repr(expected)  # repr: NaN, and 1 is not True
