"""Images beyond memory: threads decode ahead, and cut the crops that a batch needs out of the files."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from ballast.augment.draws import Draws
from ballast.augment.views import augment
from ballast.images.ahead import moved_ahead
from ballast.images.crops import crops
from ballast.images.decode import DecodeError
from ballast.images.nvjpeg import Encoded, cut, decoded, encoded
from ballast.images.resident import Augmentation, Request
from ballast.runtime.errors import BallastError
from ballast.runtime.names import image_path
from ballast.runtime.processes import workers

AHEAD = 3  # requests that are decoded before they are needed
CHUNK = 4  # images that a thread decodes per task


@dataclass
class Work:
    """A request while threads work on it."""

    pixels: Tensor  # uint8 [R, 3, size, size], for the crops
    draws: Draws | None
    boxes: np.ndarray  # [R, 4]
    tasks: list[Future]
    encoded: list[Encoded] = field(default_factory=list)  # images that wait for the GPU

    def finished(self) -> "Work":
        """Wait for the tasks; an error in one of them is raised here."""
        self.encoded = [item for task in self.tasks for item in task.result()]
        return self


class OnDisk:
    """Images that are decoded when a batch needs them.

    Args:
        paths: image files or addresses of array rows [N].
        height, width: int64 [N], the size of each image in pixels.
        size: the side of the views in pixels.
        short: the short side to which an un-augmented image is resized before its middle is cut out.
        device: where the views go.
        where: "files" or "cache", as in store.json.
        encoded: int64 [N], the size of each file in bytes, for "files".
        decode: "cpu", or "cuda" for JPEG files that a GPU decodes (ballast.images.nvjpeg); without a GPU it is the CPU.
    """

    channels = 3
    draws_device = torch.device("cpu")

    def __init__(self, paths: np.ndarray, height: Tensor, width: Tensor, size: int, short: int,
                 device: torch.device | str = "cpu", where: str = "files", decode: str = "cpu",
                 encoded: Tensor | None = None) -> None:
        self.paths = paths
        self.height = height
        self.width = width
        self.size = size
        self.short = short
        self.device = torch.device(device)
        self.where = where
        self.decode = decode
        self.encoded = torch.zeros(len(paths), dtype=torch.int64) if encoded is None else encoded

    def __len__(self) -> int:
        return len(self.paths)

    def to(self, device: torch.device) -> "OnDisk":
        """Return the same images with views on another device."""
        return OnDisk(self.paths, self.height, self.width, self.size, self.short, device, self.where, self.decode,
                      self.encoded)

    def take(self, rows: Tensor) -> "OnDisk":
        """Return the images of some rows, in their order."""
        rows = rows.cpu()
        return self._of(self.paths[rows.numpy()], self.height[rows], self.width[rows], self.encoded[rows])

    def join(self, other: "OnDisk") -> "OnDisk":
        """Append other images to these."""
        return self._of(np.concatenate([self.paths, other.paths]), torch.cat([self.height, other.height]),
                        torch.cat([self.width, other.width]), torch.cat([self.encoded, other.encoded]))

    def sides(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Return height and width [R] in pixels of the images of some rows."""
        return self.height[rows], self.width[rows]

    def views(self, rows: Tensor, draws: Draws | None = None) -> Tensor:
        """Return float views [R, 3, size, size] in [0, 1]: image rows[r] by row r of ``draws``, or else its middle."""
        return next(self.stream([(rows, draws)]))

    def stream(self, requests: Iterable[Request], augment: Augmentation = augment) -> Iterator[Tensor]:
        """Yield the ``views`` of every request in turn."""
        def views(work: Work) -> tuple[Tensor]:
            pixels = self._crops(work)
            if work.draws is None:
                return (pixels.float().div_(255),)
            rest = work.draws._replace(box=None).map(lambda column: column.to(self.device, non_blocking=True))
            return (augment(pixels, rest, self.size),)

        return (batch for (batch,) in moved_ahead(self._read(requests), views, self.device))

    def decoded(self, requests: Iterable[Request]) -> Iterator[tuple[Tensor, Draws | None]]:
        """Yield the crops uint8 [R, 3, size, size] of every request, on the device, and its draws."""
        return ((self._crops(work), work.draws) for work in self._read(requests))

    def _read(self, requests: Iterable[Request]) -> Iterator["Work"]:
        """Yield the work of every request once its threads are done with it; they go on with the next ones.

        An image that several rows of a request name is decoded once.
        """
        waiting: deque[Work] = deque()
        with ThreadPoolExecutor(workers()) as threads:
            try:
                for rows, draws in requests:
                    waiting.append(self._submit(threads, rows, draws))
                    if len(waiting) > AHEAD:
                        yield waiting.popleft().finished()
                while waiting:
                    yield waiting.popleft().finished()
            finally:
                threads.shutdown(cancel_futures=True)

    def _of(self, paths: np.ndarray, height: Tensor, width: Tensor, encoded: Tensor) -> "OnDisk":
        return OnDisk(paths, height, width, self.size, self.short, self.device, self.where, self.decode, encoded)

    def _submit(self, threads: ThreadPoolExecutor, rows: Tensor, draws: Draws | None) -> "Work":
        """Start the tasks that fill the crops of a request."""
        boxes = (self._middle(rows) if draws is None else draws.box).numpy()
        pinned = self.device.type == "cuda"
        pixels = torch.empty(len(rows), 3, self.size, self.size, dtype=torch.uint8, pin_memory=pinned)
        image, which = np.unique(rows.numpy(), return_inverse=True)
        views = np.split(np.argsort(which, kind="stable"), np.cumsum(np.bincount(which))[:-1])
        tasks = list(zip(image.tolist(), views))
        read = self._encode if self.decode == "cuda" and pinned else self._decode
        return Work(pixels, draws, boxes, [threads.submit(read, tasks[start : start + CHUNK], boxes, pixels.numpy())
                                           for start in range(0, len(tasks), CHUNK)])

    def _decode(self, work: list[tuple[int, np.ndarray]], boxes: np.ndarray, target: np.ndarray) -> list[Encoded]:
        """Cut the crops of some images into their places."""
        for row, views in work:
            path = image_path(self.paths[row])
            try:
                target[views] = crops(path, boxes[views], int(self.height[row]), int(self.width[row]), self.size)
            except DecodeError as error:
                raise BallastError(f"{path}: expected the image that the stage images or pool read, got an unusable "
                                   f"one ({error}); run `dvc repro -f images pool`") from error
        return []

    def _encode(self, work: list[tuple[int, np.ndarray]], boxes: np.ndarray, target: np.ndarray) -> list[Encoded]:
        """Return the bytes of images that the GPU decodes; cut the crops of the others into their places."""
        data = [(row, views, encoded(image_path(self.paths[row]))) for row, views in work]
        self._decode([(row, views) for row, views, content in data if content is None], boxes, target)
        return [Encoded(content, row, views) for row, views, content in data if content is not None]

    def _crops(self, work: "Work") -> Tensor:
        """Return the crops of a request on the device, of which the GPU decodes those that wait for it."""
        images = decoded([item.data for item in work.encoded], self.device) if work.encoded else []
        if images is None:  # one of them is damaged or unusual: the CPU says which, or can read it
            self._decode([(item.row, item.views) for item in work.encoded], work.boxes, work.pixels.numpy())
            images = []
        pixels = work.pixels.to(self.device, non_blocking=True)
        for item, image in zip(work.encoded, images):
            views = torch.from_numpy(item.views).to(self.device, non_blocking=True)
            pixels[views] = cut(image, work.boxes[item.views], self.size)
        return pixels

    def _middle(self, rows: Tensor) -> Tensor:
        """Return boxes [R, 4]: the middle size x size of images whose short side is resized to ``short``."""
        height = self.height[rows].double()
        width = self.width[rows].double()
        side = torch.minimum(height, width) * (self.size / self.short)
        return torch.stack([(height - side) / 2, (width - side) / 2, side, side], -1)
