"""Pool images that repeat an in-domain or evaluation image: a test image in the pool would void a result.

Two images are compared by the hash of their pixels, and by the cosine of their gray thumbnails brought to mean 0 and
length 1: re-encoding, resizing and a change of brightness or contrast hardly move such a vector. The search is exact.
"""

import numpy as np

SIDE = 16  # of a thumbnail, in pixels
BLOCK_VALUES = 1 << 24  # cosines that are computed at once, 64 MiB


def thumbnails(images: np.ndarray) -> np.ndarray:
    """Shrink images uint8 [N, C, H, W] to gray thumbnails float32 [N, SIDE, SIDE] in 0 to 255.

    Each thumbnail pixel is the mean of a window, as torch's adaptive_avg_pool2d divides an image; sums are taken in its
    order, so the bytes are the same.
    """
    gray = images.astype(np.float32).mean(1)
    rows, columns = (_windows(side) for side in gray.shape[1:])
    total = np.zeros((len(gray), SIDE, SIDE), np.float32)
    for row in rows.T:
        for column in columns.T:
            inside = (row >= 0)[:, None] & (column >= 0)
            total += np.where(inside, gray[:, row[:, None], column], np.float32(0))
    height, width = ((windows >= 0).sum(1, dtype=np.float32) for windows in (rows, columns))
    return total / height[:, None] / width


def _windows(side: int) -> np.ndarray:
    """Return the pixels of an axis that each thumbnail pixel covers, int [SIDE, longest window], filled up by -1."""
    start = np.arange(SIDE) * side // SIDE
    end = -(-(np.arange(SIDE) + 1) * side // SIDE)
    pixel = start[:, None] + np.arange((end - start).max())
    return np.where(pixel < end[:, None], pixel, -1)


def nearest_reference(
    pool: np.ndarray, pool_hash: np.ndarray, reference: np.ndarray, reference_hash: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Find the most similar reference image of every pool image.

    An image of one flat color is similar to no other: its cosine is 0, unless another has the same pixels.

    Args:
        pool: thumbnails [P, SIDE, SIDE], which may be a file that is mapped into memory.
        pool_hash: a hash of the pixels of every pool image [P].
        reference: thumbnails [N, SIDE, SIDE], at least one.
        reference_hash: a hash of the pixels of every reference image [N].

    Returns:
        Positions of reference images int64 [P], and cosines float32 [P], which are 1 for the same pixels.
    """
    unit_reference = _unit(reference)
    block = max(1, BLOCK_VALUES // len(reference))
    index = np.zeros(len(pool), np.int64)
    cosine = np.zeros(len(pool), np.float32)
    for start in range(0, len(pool), block):
        similar = _unit(pool[start : start + block]) @ unit_reference.T
        best = similar.argmax(1)
        index[start : start + block] = best
        cosine[start : start + block] = similar[np.arange(len(best)), best]
    position = {digest: number for number, digest in enumerate(reference_hash)}
    for row, digest in enumerate(pool_hash):
        if digest in position:
            index[row] = position[digest]
            cosine[row] = 1.0
    return index, cosine


def _unit(small: np.ndarray) -> np.ndarray:
    """Return unit vectors [N, SIDE * SIDE] with mean 0; zeros for flat images."""
    gray = small.reshape(len(small), -1).astype(np.float32)
    centred = gray - gray.mean(1, keepdims=True)
    length = np.linalg.norm(centred, axis=1, keepdims=True).clip(1e-12)
    return centred / length * (np.abs(centred).max(1, keepdims=True) > 0.5)
