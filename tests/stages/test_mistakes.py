"""What a user gets wrong ends in one line before any work."""

import pytest

SMOKE, GLYPHS = "configs/profiles/smoke.yaml", "configs/datasets/glyphs.yaml"


@pytest.fixture(scope="module")
def project(make_project):
    return make_project()


@pytest.mark.parametrize(("file", "path", "value", "line"), [
    ("params.yaml", "selections.mak.alhpa", 0.3, "selections.mak.alhpa: unknown key; did you mean 'alpha'?"),
    ("params.yaml", "methods.colt.pretrain.cotl", {}, "methods.colt.pretrain.cotl: unknown key; did you mean 'colt'?"),
    ("params.yaml", "show", ["cult"], "show: expected rows (balanced, simclr,"),
    ("params.yaml", "profile", "smok", "profile: expected"),
    (SMOKE, "sampling.budget", -100, "sampling.budget: "),
    (SMOKE, "sampling.budget", 9000, "sampling.budget: expected at most the 400 images of the pool, got 9000"),
    (SMOKE, "pretrain.epochs", -1, "pretrain.epochs: "),
    (SMOKE, "network", {"source": "timm", "name": "vit_tony", "projection": 8}, "network.name: "),
    ("params.yaml", "methods.colt.weights", "dino", "methods.colt.weights: expected none, a row, or a name of"),
    ("params.yaml", "weights", {"dino": "nowhere.pth"}, "weights.dino: expected a file, got 'nowhere.pth'"),
    ("params.yaml", "weights", {"dino": "README.md"}, "weights.dino: "),
    ("params.yaml", "embed.encoder", "mak", "mak: expected weights, guide and embed.encoder that do not wait for mak"),
    (GLYPHS, "longtail.ratio", 0.1, "longtail.ratio: "),
])
def test_bad_parameters_are_one_line_and_nothing_is_made(project, file, path, value, line):
    project.change({path: value}, file)
    try:
        done = project.stage("check", check=False)
        assert done.returncode == 1 and done.stdout.startswith("check: ") and done.stdout.count("\n") == 1
        assert f"{file}: {line}" in done.stdout
        assert nothing_is_made(project)
    finally:
        project.restore(file)


def test_yaml_that_cannot_be_read_is_one_line(project):
    (project.folder / "params.yaml").write_text("seed: [1\n")
    try:
        done = project.stage("check", check=False)
        assert done.returncode == 1 and done.stdout.startswith("check: params.yaml: ") and done.stdout.count("\n") == 1
    finally:
        project.restore("params.yaml")


@pytest.mark.parametrize(("command", "line"), [
    ("pretrain", "pretrain: usage: python -m stages.pretrain ROW LIST POOL"),
    ("split", "split: data/labels/train.npy: missing; `dvc repro` makes it"),
    ("student guided guide", "student: data/recipes/student/guided.yaml: "),
    ("report", "report: "),
    ("select_pool nobody", "select_pool: "),
])
def test_a_stage_by_hand_says_what_it_needs(project, command, line):
    done = project.stage(command, check=False)
    assert done.returncode == 1 and done.stdout.startswith(line) and done.stdout.count("\n") == 1


def test_dvc_repro_stops_before_any_work(project):
    project.change({"selections.mak.alpha": 3.0})
    try:
        done = project.run("dvc", "repro", check=False)
        assert done.returncode != 0 and "selections.mak.alpha: " in done.stdout
        assert nothing_is_made(project)
    finally:
        project.restore("params.yaml")


def nothing_is_made(project) -> bool:
    """Return whether no stage has written anything."""
    return not project.read("data/*/*") and not (project.folder / "data/checked").exists()


@pytest.mark.parametrize(("launcher", "line"), [
    ("no-such-program --x", "BALLAST_LAUNCHER: expected a command like"), ('torchrun "open', "got 'torchrun \"open'")])
def test_a_launcher_that_is_none_is_one_line(project, launcher, line):
    done = project.stage("pretrain simclr longtail none none", check=False, BALLAST_LAUNCHER=launcher)
    assert done.returncode == 1 and line in done.stdout and done.stdout.count("\n") == 1
