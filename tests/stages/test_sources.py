"""The digests that stages depend on: complete, and changed by what a stage runs and by nothing else."""

import ast

import yaml

from tests import ROOT


def listed(project, stage):
    lines = (project.folder / f"data/sources/{stage}.txt").read_text().splitlines()
    return {line.split("  ")[1]: line.split("  ")[0] for line in lines}


def test_every_stage_depends_on_the_digest_of_its_script():
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    made = set(stages.pop("sources")["outs"])
    for name, stage in stages.items():
        body = stage.get("do", stage)
        script = body["cmd"].split()[1].removeprefix("stages/").removesuffix(".py")
        if name == "check":  # it runs first, and is told its few files
            continue
        assert f"data/sources/{script}.txt" in body["deps"], name
        made.discard(f"data/sources/{script}.txt")
    assert not made


def test_digests_follow_imports_and_only_them(make_project):
    project = make_project()
    project.run("python", "stages/sources.py")
    before = {name: listed(project, name) for name in ("pretrain", "linear", "report", "split", "score")}
    assert {"src/ballast/losses/ntxent.py", "src/ballast/__init__.py", "stages/settings.py"} <= set(before["pretrain"])
    assert "src/ballast/report/published.csv" in before["report"]
    for stage in ("pretrain", "linear"):
        for file in before[stage]:  # nothing that a listed file imports is missing
            if not file.endswith(".py"):
                continue
            for node in ast.walk(ast.parse((ROOT / file).read_text())):
                if isinstance(node, ast.ImportFrom) and node.module.startswith("ballast."):
                    path = f"src/{node.module.replace('.', '/')}"
                    assert f"{path}.py" in before[stage] or f"{path}/__init__.py" in before[stage], (file, node.module)
    with open(project.folder / "src/ballast/losses/ntxent.py", "a") as file:
        file.write("\n# edited\n")
    project.run("python", "stages/sources.py")
    changed = {name for name in before if listed(project, name) != before[name]}
    assert changed == {"pretrain"}


def test_check_is_told_all_of_its_files():
    deps = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]["check"]["deps"]
    for file in [dep for dep in deps if dep.endswith(".py")]:
        for node in ast.walk(ast.parse((ROOT / file).read_text())):
            if isinstance(node, ast.ImportFrom):
                for path in (f"src/{node.module.replace('.', '/')}.py", f"stages/{node.module}.py"):
                    assert not (ROOT / path).is_file() or path in deps, (file, path)
