"""A stage and DVC read the same value from the same text."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from ballast.config.yaml import dump_yaml, parse_yaml, read_yaml
from ballast.runtime.errors import BallastError

SCALARS = """
010 0o10 0x1F 0b11 1e-05 1e5 1E3 1e+3 1.e3 .5 5. +.5 -.5 .e3 1.5e-3 12e03 1.0E+5 .inf -.inf .INF +.inf .nan
.NaN +.nan inf nan yes no on off NO y n true True TRUE tRue false False null Null NULL ~ 1:30 1:30.5 1_000
1_0.5 +12 -0 00 -010 089 0o9 +0o7 -0x1F 0x _1 1__0 0_1 1_ ._5 0o_7 0x_f 0.1.2 2001-01-01 2001-1-1 v1 1e1_0 1e
0.0001 simclr a.b
""".split()  # noqa: SIM905


def dvc_reads(text):
    return YAML(typ="safe").load(text)


def agree(text):
    try:
        expected = dvc_reads(text)
    except Exception:
        with pytest.raises(BallastError):
            parse_yaml(text, "x")
        return
    value = parse_yaml(text, "x")
    both_nan = isinstance(expected, float) and math.isnan(expected) and isinstance(value, float) and math.isnan(value)
    assert both_nan or (type(value), value) == (type(expected), expected), text


@pytest.mark.parametrize("text", SCALARS)
def test_scalars_are_dvcs(text):
    agree(f"- {text}\n"[2:])


@given(st.text("0123456789_+-.eExob", min_size=1, max_size=8).filter(lambda text: text[0] not in "-." or len(text) > 3))
def test_anything_like_a_number_is_dvcs(text):
    agree(text)


def test_the_committed_files_are_read_alike(configuration_files):
    for path in configuration_files:
        assert read_yaml(path) == dvc_reads(path.read_text()), path


def test_what_is_written_is_read_again_by_both():
    block = {"lr": 1e-05, "text": "1e-05", "octal": "010", "flag": "no", "none": None, "list": [0.1, 1, True, "0x1F"]}
    assert parse_yaml(dump_yaml(block), "x") == dvc_reads(dump_yaml(block)) == block


@pytest.mark.parametrize(("text", "message"), [
    ("a: 1\nb: 2\na: 3\n", "line 3: the key 'a' stands twice in one mapping"),
    ("a:\n  b: 1\n  b: 2\n", "line 3: the key 'b' stands twice in one mapping"),
    ("a: 1\n b: 2\n", "line 2:"), ("a: [1, 2\n", "line 2:"), ("a: !!python/object:os.system x\n", "line 1: could not"),
    ("- a\n", "expected a mapping of parameters, got list"), ("", "expected a mapping of parameters, got NoneType"),
    ("\x00", "not readable as YAML")])
def test_mistakes_are_one_line_with_the_file_and_the_line(tmp_path, text, message):
    path = tmp_path / "params.yaml"
    path.write_text(text)
    with pytest.raises(BallastError) as error:
        read_yaml(path)
    assert str(error.value).startswith(f"{path}: {message}") and "\n" not in str(error.value)


def test_files_that_are_no_text_or_missing(tmp_path):
    (tmp_path / "x.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(BallastError, match=r"x\.yaml: expected UTF-8 text"):
        read_yaml(tmp_path / "x.yaml")
    with pytest.raises(BallastError, match=r"y\.yaml: not readable \(No such file"):
        read_yaml(tmp_path / "y.yaml")
