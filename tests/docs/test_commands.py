"""`make docs-check`: every command of the documents is run as it stands, on a small scale.

What makes the scale small: every profile that a command names has the values of `smoke`, and data/external holds a few
hundred glyphs as files. Under `make test` only the table of what is not run here is looked at.
"""

import base64
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from tests.docs import PAGES, commands
from tests.docs.warm import warm_stages
from tests.stages.test_folders import write_glyphs

ALL = os.environ.get("BALLAST_DOCS") == "all"
SMALL = ("small", "study", "digits")
SERVE = "mlflow models serve --env-manager local --port 5001 --model-uri models:/ballast-colt/1"
CROPS = ("make table METHODS=simclr,balanced,random,colt,bcl-colt SETTINGS='repeats=4 "
         "configs/profiles/laptop.yaml:augment.crop=[0.4,1.0]'")
ELSEWHERE = {  # not run here, and what runs it
    "make test": "this is part of it",
    "make ablations": "tests/training/test_rows.py trains every variant, test_variants.py two by make table",
    "make setup && source .venv/bin/activate": ".ci/run makes the environment",
    "make ui": "test_the_pages_and_models_of_mlflow_are_served",
    SERVE: "the same test",
    CROPS: "docs/experiments.md has the same command with other rows and values",
    "BALLAST_LAUNCHER='torchrun --standalone --nproc-per-node 8' dvc repro": "tests/stages/test_ranks.py, with two",
}
ROWS = ["simclr", "random", "mak", "colt"]
VARIANTS = ["mak-both", "mak-tailness"]
SECONDS_OF_THE_QUEUE = 900


@pytest.fixture(scope="module")
def project(make_project, tmp_path_factory):
    """A finished project of the rows that the commands name, ready to be told what a reader would tell it."""
    finished = make_project()
    environment = finished.folder / ".venv"
    with warm_stages(environment, tmp_path_factory.mktemp("warm") / "stages"):
        for name in ("lib", "pyvenv.cfg"):
            (environment / name).symlink_to(Path(sys.prefix) / name)
        (environment / "ready").touch()
        finished.environment |= {"BALLAST_DOCS": "", "PATH": f"{environment}/bin:{os.environ['PATH']}"}
        prepare(finished)
        yield finished


def prepare(finished):
    """Make everything small, add the files that readers have, and run it to the report."""
    for name in SMALL:
        shutil.copy(finished.folder / "configs/profiles/smoke.yaml", finished.folder / f"configs/profiles/{name}.yaml")
    change(finished, "folders", "longtail", largest=40, ratio=20, few_shot=0.05, val_per_class=10)
    change(finished, "own", "source", size=16)
    external = finished.folder / "data/external"
    write_glyphs(external)
    shutil.copytree(external / "train", external / "in_domain")
    for name, content in (("empty.jpg", b""), ("text.png", b"no image"), ("notes.txt", b"no image")):
        (external / "pool" / name).write_bytes(content)  # as any pool has them
    shutil.copytree(external / "test/A", finished.folder / "new_photos")
    write_vectors(finished.folder)
    with open(finished.folder / ".git/info/exclude", "a") as ignored:
        ignored.write("new_photos\nserver.log\nfeatures.*\n.venv\n*.npy\n*.parquet\nembedded\nshortlist.txt\naudit.*\nnearest.png\n")
    finished.git("branch", "-M", "main")
    keep_rows(finished)
    finished.run("dvc", "repro", "report_page")
    finished.commit()


def keep_rows(project):
    """Leave out the rows, selections and variants that no command names."""
    params = project.params()
    compare = [pair for pair in params["compare"] if set(pair.split(" over ")) <= set(ROWS)]
    project.change({"show": ROWS, "compare": compare, "students": {}, "methods": {row: params["methods"][row]
                    for row in ROWS}, "selections": {name: params["selections"][name] for name in ("random", "mak")}})
    path = project.folder / "configs/variants.yaml"
    variants = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump({name: item for name, item in variants.items() if name in VARIANTS}))


def write_vectors(folder):
    """Write the embeddings that docs/select.md and docs/suitability.md name, more of the pool than they choose."""
    rng = np.random.default_rng(0)
    for name, rows in (("images", 200), ("test", 100), ("pool", 10_500), ("pass-1", 10_500), ("pass-2", 10_500)):
        vectors = rng.standard_normal((rows, 8), np.float32)
        np.save(folder / f"{name}.npy", vectors)
        pd.DataFrame({"vector": list(vectors)}).to_parquet(folder / f"{name}.parquet")


def change(project, name, block, **values):
    """Change values of a data set."""
    path = project.folder / f"configs/datasets/{name}.yaml"
    dataset = yaml.safe_load(path.read_text())
    dataset[block] |= values
    path.write_text(yaml.safe_dump(dataset, sort_keys=False))


@pytest.mark.skipif(not ALL, reason="`make docs-check` runs it")
@pytest.mark.parametrize("page", [page for page in PAGES if commands(page)])
def test_every_command_of_a_page(project, page, capsys):
    """From the committed state, in the order of the page; a failure names the command and what it said."""
    project.git("switch", "-q", "main")
    project.git("reset", "-q", "--hard")
    for branch in project.run("git", "branch", "--format=%(refname:short)").stdout.split():
        if branch != "main":  # of another page, which may call its own the same
            project.git("branch", "-q", "-D", branch)
    project.run("dvc", "checkout", "-q", "--force")
    for command in commands(page):
        if command not in ELSEWHERE:
            start = time.monotonic()
            project.run("bash", "-c", command)
            with capsys.disabled():
                print(f"{time.monotonic() - start:6.0f} s  {page}: {command}", flush=True)
        if command == "dvc queue start":
            wait_for_the_queue(project)


def wait_for_the_queue(project):
    deadline = time.monotonic() + SECONDS_OF_THE_QUEUE
    while re.search("Running|Queued", said := project.run("dvc", "queue", "status").stdout):
        assert time.monotonic() < deadline, said
        time.sleep(2)
    assert "Failed" not in said, said


@pytest.mark.skipif(not ALL, reason="`make docs-check` runs it")
def test_the_pages_and_models_of_mlflow_are_served(project):
    project.git("switch", "-q", "main")
    project.git("reset", "-q", "--hard")
    project.run("dvc", "checkout", "-q", "--force")
    project.run("make", "publish")
    with running(project, "make ui", "http://127.0.0.1:5000"):
        pass
    image = next((project.folder / "new_photos").rglob("*.png")).read_bytes()
    asked = {"dataframe_records": [{"image": base64.b64encode(image).decode()}]}
    with running(project, SERVE, "http://127.0.0.1:5001/ping"):
        request = urllib.request.Request("http://127.0.0.1:5001/invocations", json.dumps(asked).encode(),
                                         {"Content-Type": "application/json"})
        [found] = json.loads(urllib.request.urlopen(request, timeout=60).read())["predictions"]
        assert len(found) == 32 and max(found.values() if isinstance(found, dict) else found) > 0


@contextmanager
def running(project, command, address):
    """A server that answers at an address."""
    with open(project.folder / "server.log", "w") as log:
        server = subprocess.Popen(["bash", "-c", command], cwd=project.folder, env=project.environment, stdout=log,
                                  stderr=log, start_new_session=True)
    try:
        deadline = time.monotonic() + 120
        while True:
            try:
                assert urllib.request.urlopen(address, timeout=5).status == 200
                break
            except OSError:
                said = (project.folder / "server.log").read_text()
                assert server.poll() is None and time.monotonic() < deadline, said
                time.sleep(1)
        yield
    finally:
        os.killpg(server.pid, signal.SIGKILL)


def test_what_is_not_run_is_still_documented():
    assert set(ELSEWHERE) <= {command for page in PAGES for command in commands(page)}
