"""Room for pixels: how many all threads of a process hold at once while they decode, however large the images are.

A PNG of 186 KB can have 64 million pixels, of which a decoder and a resize hold several copies.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition


class Room:
    """Space for some pixels, which threads wait for."""

    def __init__(self, pixels: int) -> None:
        self.pixels, self.free, self.changed = pixels, pixels, Condition()

    @contextmanager
    def of(self, pixels: int) -> Iterator[None]:
        """Hold the space of an image, or all of it for a larger one."""
        pixels = min(pixels, self.pixels)
        with self.changed:
            self.changed.wait_for(lambda: self.free >= pixels)
            self.free -= pixels
        try:
            yield
        finally:
            with self.changed:
                self.free += pixels
                self.changed.notify_all()
