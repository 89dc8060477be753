"""Command lines of `ballast` made of words that may stand in them: right, or one line at the end."""

import os
import tempfile
from contextlib import redirect_stderr, redirect_stdout, suppress
from io import StringIO
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from ballast import cli
from tests.fuzz.rule import fuzz, limited_memory
from tests.fuzz.samples import ENCODER, PHOTOS, VECTORS, npy, parquet, tar

GIVEN = {"e.safetensors": ENCODER, "v.npy": npy(VECTORS), "v.parquet": parquet({"vector": list(VECTORS)}),
         "i.npy": npy(np.zeros((3, 9, 9, 3), np.uint8)), "photos.tar": tar({"0.png": PHOTOS[0]}), "one.png": PHOTOS[0],
         "list.txt": b"one.png\n", "latin.txt": b"caf\xe9.png\n", "empty": b"", "text.npy": b"text"}
PLACES = [*GIVEN, "folder", "nowhere", "", ".", "/", "/dev/null", "x\x00y", "é\udc80", "-", "--", "a" * 300]
OUT = ["out.npy", "out.csv", "out.parquet", "out.md", "out.png", "out", "folder", "nowhere/out.npy",
       "e.safetensors/out.csv"]
NUMBERS = ["0", "1", "-1", "3", "20", "21", "1e9", "999999999999999999999", "1.5", "nan", "", "x"]
NAMES = ("alpha", "ratio", "centres", "clusters", "kept", "cells", "temperature", "x", "")
SETTINGS = [f"{name}={value}" for name in NAMES
            for value in ("0.5", "0", "-1", "inf", "nan", "1e-300", "10000000000", "[", "", "x", "null")]
OPTIONS = {
    "embed": {"--encoder": PLACES, "--images": PLACES, "--root": PLACES, "--out": OUT},
    "knn": {"--encoder": PLACES, "--query": PLACES, "--among": PLACES, "--k": NUMBERS, "--out": OUT},
    "export": {"--row": ["colt", "", "../x", "\x00"], "--encoder": PLACES, "--out": OUT, "--repeat": NUMBERS,
               "--no-onnx": None},
    "select": {"--in-domain": PLACES, "--pool": PLACES, "--rule": [*cli.BY_RULE, "best"], "--budget": NUMBERS,
               "--out": OUT, "--views": PLACES, "--among": PLACES, "--set": SETTINGS, "--seed": NUMBERS,
               "--explain": None},
    "audit": {"--in-domain": PLACES, "--pool": PLACES, "--evaluation": PLACES, "--out": OUT, "--seed": NUMBERS},
}
RIGHT = {
    "embed": ["--encoder", "e.safetensors", "--images", "photos.tar", "--out", "out.npy"],
    "knn": ["--encoder", "e.safetensors", "--query", "one.png", "--among", "v.parquet"],
    "export": ["--encoder", "e.safetensors", "--out", "out", "--no-onnx"],
    "select": ["--in-domain", "v.npy", "--pool", "v.parquet", "--rule", "kcenter", "--budget", "3", "--out", "out.csv"],
    "audit": ["--in-domain", "v.npy", "--pool", "v.npy", "--out", "out.md"],
}


@st.composite
def lines(draw: st.DrawFn) -> list[str]:
    """A right command line with some words replaced, added or left out."""
    command = draw(st.sampled_from(sorted(OPTIONS)))
    words = list(RIGHT[command])
    for _ in range(draw(st.integers(0, 3))):
        option = draw(st.sampled_from(sorted(OPTIONS[command])))
        value = OPTIONS[command][option] and draw(st.sampled_from(OPTIONS[command][option]))
        if option in words and value is not None and draw(st.integers(0, 5)):
            words[words.index(option) + 1] = value
        elif option in words:
            del words[words.index(option)]
        else:
            words += [option] if value is None else [option, value]
    return [command, *words]


@fuzz(120, words=lines())
def test_a_command_line_is_right_or_one_line(words):
    said, before = StringIO(), os.getcwd()
    with tempfile.TemporaryDirectory() as folder, redirect_stderr(said), redirect_stdout(StringIO()):
        os.chdir(folder)
        try:
            for name, content in GIVEN.items():
                Path(name).write_bytes(content)
            Path("folder").mkdir()
            Path("folder/0.png").write_bytes(PHOTOS[0])
            with limited_memory():
                ended = result_of(words)
            assert not list(Path().rglob(".*.tmp"))
            for name, content in GIVEN.items():
                with suppress(FileNotFoundError):
                    assert Path(name).read_bytes() == content or name in words[words.index("--out") + 1]
        finally:
            os.chdir(before)
    last = ended if isinstance(ended, str) else said.getvalue().strip().split("\n")[-1]
    if ended == 0:
        return
    assert last.startswith("ballast") and len(last) <= 700 and "\n" not in last, last


def result_of(words: list[str]) -> int | str:
    """Return 0, or what the command ended with."""
    try:
        cli.main(words)
        return 0
    except SystemExit as end:
        return end.code or 0
