"""What a user gets wrong ends in one line before any work."""

import pytest


@pytest.fixture(scope="module")
def project(make_project):
    return make_project()


@pytest.mark.parametrize(("old", "new", "line"), [
    ("alpha: 0.3", "alhpa: 0.3", "check: methods.mak.select.alhpa: unknown key; did you mean 'alpha'?"),
    ("budget: 100", "budget: -100", "check: profiles.smoke.sampling.budget: input should be greater"),
    ("budget: 100", "budget: 9000", "check: profiles.smoke.sampling.budget: 9000 is more than the"),
    ("ratio: 100", "ratio: 0.1", "check: datasets.glyphs.longtail.ratio: input should be greater"),
    ("epochs: 4,", "epochs: 0,", "check: profiles.smoke.pretrain.epochs: input should be greater"),
    ("show: [balanced,", "show: [cult,", "check: show: unknown method 'cult'; known: balanced, simclr"),
    ("show: [balanced,", "show: [kulte,", "check: show: unknown method 'kulte'"),
    ("row: guide,", "row: guyde,", "check: variants.guided-joint.row: unknown method 'guyde'; known: balanced"),
    ("seed: 1 #", "seed: [1 #", "check: params.yaml: while parsing a flow sequence"),
])
def test_bad_parameters_are_one_line_and_nothing_is_made(project, old, new, line):
    project.replace("params.yaml", old, new)
    try:
        done = project.run("python", "stages/check.py", check=False)
        assert done.returncode == 1 and done.stdout.startswith(line) and done.stdout.count("\n") == 1
        assert not project.read("data/*/*") and not (project.folder / "data/checked").exists()
    finally:
        project.replace("params.yaml", new, old)


@pytest.mark.parametrize(("command", "line"), [
    ("stages/pretrain.py", "pretrain: usage: python stages/pretrain.py METHOD LIST EXTRA"),
    ("stages/split.py", "split: data/labels/train.npy: missing; `dvc repro` makes it"),
    ("stages/student.py guided data/split/longtail.npy", "student: data/images/train/store.json: missing; `dvc repro`"),
    ("stages/report.py", "report: metrics/balanced.json: missing; `dvc repro` makes it"),
    ("stages/select_pool.py nobody", "select_pool: "),
])
def test_a_stage_by_hand_says_what_it_needs(project, command, line):
    done = project.run("python", *command.split(), check=False)
    assert done.returncode == 1 and done.stdout.startswith(line) and done.stdout.count("\n") == 1


def test_dvc_repro_stops_before_any_work(project):
    project.replace("params.yaml", "alpha: 0.3", "alpha: 3.0")
    try:
        done = project.run("dvc", "repro", check=False)
        assert done.returncode != 0 and "methods.mak.select.alpha: input should be less" in done.stdout
        assert not project.read("data/*/*") and not (project.folder / "data/checked").exists()
    finally:
        project.replace("params.yaml", "alpha: 3.0", "alpha: 0.3")
