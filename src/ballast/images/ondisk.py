"""Images beyond memory: the parts that are asked for are cut from their files by threads that work ahead."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor

from ballast.augment.draws import Draws
from ballast.augment.views import augment
from ballast.images.crops import crops
from ballast.images.decode import DecodeError, workers
from ballast.images.resident import Request
from ballast.runtime.errors import BallastError
from ballast.runtime.files import resolve_path

AHEAD = 3  # requests that are decoded before they are asked for
CHUNK = 4  # images a thread decodes in one go


class OnDisk:
    """Images that are decoded when they are asked for: paths, and their height and width."""

    channels, draws_device = 3, torch.device("cpu")

    def __init__(self, paths: np.ndarray, height: Tensor, width: Tensor, size: int, short: int,
                 device: torch.device | str = "cpu", where: str = "files") -> None:
        self.paths, self.height, self.width = paths, height, width
        self.size, self.short, self.device, self.where = size, short, torch.device(device), where

    def __len__(self) -> int:
        return len(self.paths)

    def to(self, device: torch.device) -> "OnDisk":
        return OnDisk(self.paths, self.height, self.width, self.size, self.short, device, self.where)

    def take(self, rows: Tensor) -> "OnDisk":
        """The images of some rows, in their order."""
        rows = rows.cpu()
        return self._of(self.paths[rows.numpy()], self.height[rows], self.width[rows])

    def join(self, other: "OnDisk") -> "OnDisk":
        """These images and the others after them."""
        return self._of(np.concatenate([self.paths, other.paths]), torch.cat([self.height, other.height]),
                        torch.cat([self.width, other.width]))

    def views(self, rows: Tensor, draws: Draws | None = None) -> Tensor:
        """As those of Resident."""
        return next(self.stream([(rows, draws)]))

    def stream(self, requests: Iterable[Request]) -> Iterator[Tensor]:
        """``views`` of every request in turn."""
        for pixels, draws in self.decoded(requests):
            pixels = pixels.to(self.device, non_blocking=True)
            if draws is None:
                yield pixels.float().div_(255)
            else:
                rest = draws._replace(box=None).map(lambda column: column.to(self.device, non_blocking=True))
                yield augment(pixels, rest, self.size)

    def decoded(self, requests: Iterable[Request]) -> Iterator[tuple[Tensor, Draws | None]]:
        """Cut pixels uint8 [R, 3, size, size] and the draws of every request; threads work on those that follow.

        An image that several rows of a request name is decoded once.
        """
        waiting: deque = deque()
        with ThreadPoolExecutor(workers()) as threads:
            try:
                for rows, draws in requests:
                    waiting.append((self._submit(threads, rows, draws), draws))
                    if len(waiting) > AHEAD:
                        yield self._finished(*waiting.popleft())
                while waiting:
                    yield self._finished(*waiting.popleft())
            finally:
                threads.shutdown(cancel_futures=True)

    def _of(self, paths: np.ndarray, height: Tensor, width: Tensor) -> "OnDisk":
        return OnDisk(paths, height, width, self.size, self.short, self.device, self.where)

    def _submit(self, threads: ThreadPoolExecutor, rows: Tensor, draws: Draws | None) -> tuple[Tensor, list[Future]]:
        """Where the pixels of a request will be, and the work that puts them there, a few images each."""
        boxes = (self._middle(rows) if draws is None else draws.box).numpy()
        pinned = self.device.type == "cuda"
        pixels = torch.empty(len(rows), 3, self.size, self.size, dtype=torch.uint8, pin_memory=pinned)
        image, which = np.unique(rows.numpy(), return_inverse=True)
        views = np.split(np.argsort(which, kind="stable"), np.cumsum(np.bincount(which))[:-1])
        work = list(zip(image.tolist(), views))
        return pixels, [threads.submit(self._decode, work[start : start + CHUNK], boxes, pixels.numpy())
                        for start in range(0, len(work), CHUNK)]

    def _decode(self, work: list[tuple[int, np.ndarray]], boxes: np.ndarray, target: np.ndarray) -> None:
        for row, views in work:
            path, sides = resolve_path(self.paths[row]), (int(self.height[row]), int(self.width[row]))
            try:
                target[views] = crops(path, boxes[views], *sides, self.size)
            except DecodeError as fault:
                raise BallastError(f"{path}: {fault}; it could be read before: run `dvc repro -f images pool`"
                                   ) from fault

    @staticmethod
    def _finished(work: tuple[Tensor, list[Future]], draws: Draws | None) -> tuple[Tensor, Draws | None]:
        pixels, futures = work
        for future in futures:
            future.result()
        return pixels, draws

    def _middle(self, rows: Tensor) -> Tensor:
        """Boxes [R, 4]: what is the middle size x size once the short side is ``short``."""
        height, width = self.height[rows].double(), self.width[rows].double()
        side = torch.minimum(height, width) * (self.size / self.short)
        return torch.stack([(height - side) / 2, (width - side) / 2, side, side], -1)
