"""On which device every storage would be, and which of those on the CPU are pinned."""

from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef

ANYWHERE = "anywhere"  # made by torch itself from no tensor: it goes along with whatever it meets


class Places:
    """The devices of storages, "cpu" where nothing else was said."""

    def __init__(self) -> None:
        self._devices: dict[int, str] = {}
        self._pinned: set[int] = set()
        self._references: dict[int, StorageWeakRef] = {}  # they keep an address from being used again

    def of(self, tensor: Tensor) -> str:
        """Return "cpu", "cuda" or ANYWHERE."""
        return self._devices.get(address(tensor), "cpu")

    def knows(self, tensor: Tensor) -> bool:
        """Return whether the storage was seen before."""
        return address(tensor) in self._devices

    def put(self, tensor: Tensor, device: str, pinned: bool = False) -> None:
        """Say where a storage is."""
        key = address(tensor)
        if key not in self._references:
            self._references[key] = StorageWeakRef(tensor.untyped_storage())
        self._devices[key] = device
        if pinned:
            self._pinned.add(key)

    def is_pinned(self, tensor: Tensor) -> bool:
        """Return whether it is in memory that a GPU reads and writes by itself."""
        return address(tensor) in self._pinned


def address(tensor: Tensor) -> int:
    """Return what tells storages apart."""
    return tensor.untyped_storage()._cdata


def size(tensor: Tensor) -> int:
    """Return the bytes of a tensor."""
    return tensor.numel() * tensor.element_size()
