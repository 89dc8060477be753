"""A stage sees the parameters that dvc.yaml declares for it, and no others."""

import json


def test_parameters_are_the_declared_ones(make_project):
    project = make_project()
    code = ("import json, sys; sys.argv[0] = 'stages/pretrain.py'; sys.path.insert(0, 'stages')\n"
            "import common; print(json.dumps(vars(common.parameters('colt'))))")
    shown = json.loads(project.run("python", "-c", code).stdout)
    assert set(shown) == {"seed", "threads", "dataset", "profile", "method"}
    assert set(shown["dataset"]) == {"augment"} and set(shown["profile"]) == {"network", "pretrain", "sampling"}
    assert set(shown["method"]) == {"pretrain"} and shown["method"]["pretrain"]["domain"]["weight"] == 0.2
