"""Write what every row trains with, one file a row: its effective parameters and the code of its ideas.

A training depends on its own file, and so on the ideas that it uses and on no others.
"""

from pathlib import Path

from ballast.config.files import read_chosen
from ballast.config.recipe import merged_recipe, student_recipe
from ballast.config.yaml import dump_yaml
from ballast.runtime.code import ROOT, digest
from ballast.runtime.files import write_atomic
from stages.common.closure import closure
from stages.common.parameters import parameters
from stages.common.supervise import run

FOLDERS = ("ideas", "losses", "tailness", "selection", "embeddings")  # of src/ballast, in which ideas have their code


def main() -> None:
    p = parameters("profile", "methods", "students")
    params = vars(p)
    profile = read_chosen(params, "profile")
    for row in p.methods:
        write("pretrain", row, merged_recipe(params, profile, row))
    for row in p.students:
        write("student", row, student_recipe(params, profile, row))


def write(stage: str, row: str, recipe: dict) -> None:
    """Write the recipe of a row of a stage."""
    text = dump_yaml({**recipe, "code": code(recipe.get("ideas", ["guidance"]))})
    write_atomic(f"data/recipes/{stage}/{row}.yaml", f"# What {row} trains with ({stage})\n{text}")


def code(ideas: dict) -> dict[str, str]:
    """Return the digest of every file in which the ideas have their code."""
    folders = [ROOT / "src/ballast" / folder for folder in FOLDERS]
    files = {file for name in ideas for file in closure(Path(ROOT, f"src/ballast/ideas/{name}.py"))
             if file.parent in folders and file.name != "__init__.py"}
    return {str(file.relative_to(ROOT)): digest(file) for file in sorted(files)}


if __name__ == "__main__":
    run(main)
