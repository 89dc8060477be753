"""Large images take turns: memory is bounded for all threads of a process together."""

import subprocess
import sys
import threading
from contextlib import ExitStack

import pytest
from PIL import Image

from ballast.images.room import Room

pytestmark = pytest.mark.unit
PEAK = """
import resource, sys
from concurrent.futures import ThreadPoolExecutor
import numpy as np
from ballast.images import decode
from ballast.images.crops import crops
decode.workers = lambda: 8
way, *files = sys.argv[1:]
if way == "decode":
    found = list(decode.decode_all(files, 16))
else:
    box = np.array([[0.0, 0.0, 40, 40]] if way == "near" else [[0.0, 0.0, 7000, 7000]])
    found = list(ThreadPoolExecutor(8).map(lambda file: crops(file, box, 7000, 7000, 16), files))
assert len(found) == len(files) and not any(isinstance(image, decode.DecodeError) for image in found)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def test_no_more_pixels_are_held_than_there_is_room_and_a_larger_image_has_it_alone():
    room, held, most = Room(10), 0, 0
    lock = threading.Lock()

    def hold(pixels):
        nonlocal held, most
        for _ in range(50):
            with room.of(pixels), lock:
                held += min(pixels, 10)
                most = max(most, held)
                held -= min(pixels, 10)

    threads = [threading.Thread(target=hold, args=(pixels,)) for pixels in (3, 4, 5, 99, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()
    assert room.free == 10 and 0 < most <= 10


def test_room_is_given_back_after_an_error():
    room = Room(5)
    with pytest.raises(ValueError, match="damaged"), ExitStack() as held:
        held.enter_context(room.of(5))
        raise ValueError("damaged")
    assert room.free == 5


@pytest.mark.slow
@pytest.mark.parametrize("way", ["decode", "near", "far"])
def test_eight_threads_need_no_more_memory_for_large_images_than_one(tmp_path, way):
    names = [str(tmp_path / f"{number}.png") for number in range(6)]
    Image.new("RGB", (7_000, 7_000), (9, 9, 9)).save(names[0], compress_level=1)
    for name in names[1:]:
        (tmp_path / name).hardlink_to(names[0])
    one, six = (int(subprocess.run([sys.executable, "-c", PEAK, way, *part], capture_output=True, text=True,
                                   check=True).stdout) for part in (names[:1], names))
    assert six < one + 200, "MiB; without turns it is four times as much"
