"""A pool in tar archives or Parquet tables gives the choices of the folder that it was made of."""

import numpy as np
import pandas as pd
import pytest

from tests.sources.test_archives import pack
from tests.stages.test_folders import FOLDERS, SPLIT, write_glyphs

pytestmark = pytest.mark.long
CHOSEN = ["pool", "ecle", "distance", "q"]


@pytest.mark.parametrize("where", ["memory", "files"])
def test_the_choices_are_those_of_the_folder(make_project, tmp_path, where):
    project = make_project()
    write_glyphs(tmp_path)
    files = sorted((tmp_path / "pool").rglob("*.png"))
    contents = [(str(file.relative_to(tmp_path / "pool")), file.read_bytes()) for file in files]
    for number in range(2):
        part = contents[number * 120 : number * 120 + 120]
        pack(tmp_path / f"pool-{number}.tar", part)
        pd.DataFrame({"image": [data for _, data in part]}).to_parquet(tmp_path / f"pool-{number}.parquet",
                                                                       row_group_size=50)
    folders = {f"source.{part}": f"{tmp_path}/{part}" for part in ("train", "test")}
    crops = {f"{name}.crop": [0.3, 1.0] for name in ("sgd", "sgd_fewshot", "finetune")}
    project.change({"dataset": "folders", "repeats": 1})
    project.change(crops, "configs/profiles/smoke.yaml")
    made = []
    for pool in ("pool", "pool-{0..1}.tar", "pool-*.parquet"):
        project.change({**folders, "source.pool": f"{tmp_path}/{pool}", "source.size": 16, "source.where": where,
                        **SPLIT}, FOLDERS)
        project.repro("pretrain@mak")
        chosen = pd.read_csv(project.folder / "data/pool/mak/1/selected.csv")
        made.append((chosen[CHOSEN].to_numpy(), project.read("runs/mak/1/encoder.safetensors")))
    for selected, encoder in made[1:]:
        np.testing.assert_array_equal(selected, made[0][0])
        assert encoder == made[0][1]
