"""CIFAR comes from torchvision's files, and one line says where they are missing."""

import numpy as np
import pytest
import torchvision.datasets.cifar
import torchvision.datasets.utils

from ballast.runtime.errors import BallastError
from ballast.sources import cifar


@pytest.mark.parametrize(("kind", "archive", "md5"), [
    ("cifar10", "cifar-10-python.tar.gz", "c58f30108f718f92721af3b95e74349a"),
    ("cifar100", "cifar-100-python.tar.gz", "eb9058c3a382ffc7106e4002c42a8d85")])
def test_missing_files_without_a_network_are_one_line(tmp_path, monkeypatch, kind, archive, md5):
    def offline(*_, **__):
        raise OSError("no network")

    monkeypatch.setattr(torchvision.datasets.utils, "_urlretrieve", offline)
    with pytest.raises(BallastError) as error:
        cifar.labelled(kind, tmp_path)
    text = str(error.value)
    assert text.startswith(f"{tmp_path}/{archive}: missing or damaged, and downloading it from ")
    assert md5 in text and "\n" not in text


def test_arrays_are_channels_first(monkeypatch, tmp_path):
    class Fake:
        def __init__(self, root, train, download):
            count = 4 if train else 2
            self.data = np.arange(count * 32 * 32 * 3, dtype=np.uint64).reshape(count, 32, 32, 3).astype(np.uint8)
            self.targets, self.classes = list(range(count)), ["a", "b", "c", "d"]

    monkeypatch.setattr(torchvision.datasets, "CIFAR10", Fake)
    train, labels, test, test_labels, classes = cifar.labelled("cifar10", tmp_path)
    assert train.shape == (4, 3, 32, 32) and test.shape == (2, 3, 32, 32) and labels.dtype == np.int64
    assert train[1, 2, 3, 5] == Fake(None, True, True).data[1, 3, 5, 2] and test_labels.tolist() == [0, 1]
    assert classes == ["a", "b", "c", "d"]


@pytest.mark.parametrize("shape", [(5, 32, 32, 3), (5, 3, 32, 32)])
def test_a_pool_array_of_either_layout_is_read(tmp_path, shape):
    np.save(tmp_path / "pool.npy", np.zeros(shape, np.uint8))
    assert cifar.pool(tmp_path / "pool.npy").shape == (5, 3, 32, 32)


def test_a_wrong_pool_is_one_line(tmp_path):
    np.save(tmp_path / "pool.npy", np.zeros((5, 32, 32)))
    with pytest.raises(BallastError, match=r"expected uint8 images \[P, 32, 32, 3\], got float64"):
        cifar.pool(tmp_path / "pool.npy")
    (tmp_path / "text.npy").write_text("no")
    with pytest.raises(BallastError, match=r"expected a readable \.npy array"):
        cifar.pool(tmp_path / "text.npy")
    with pytest.raises(BallastError, match=r"none\.npy: missing; get https://"):
        cifar.pool(tmp_path / "none.npy")
