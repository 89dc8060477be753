"""Pictures and parameters that the tests of augmentation use."""

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from torch import Tensor

from ballast.config.profile import Augment

AUGMENT = Augment(crop=[0.1, 1.0], flip=0.5, jitter=[0.4, 0.4, 0.4, 0.1], jitter_p=0.8, gray=0.2, blur=0.5,
                  blur_sigma=[0.1, 2.0])
NOTHING = Augment(crop=[1.0, 1.0], flip=0.0, jitter=[0, 0, 0, 0], jitter_p=0, gray=0, blur=0, blur_sigma=[0, 0])


def pictures(count: int = 6, channels: int = 3, side: int = 32) -> Tensor:
    """Make smooth random pictures in [0, 1]; noise would hide errors of resampling."""
    rng = np.random.default_rng(0)
    noise = gaussian_filter(rng.random((count, channels, side, side)), (0, 0, 1.5, 1.5))
    spread = np.ptp(noise, axis=(2, 3), keepdims=True)
    return torch.from_numpy((noise - noise.min((2, 3), keepdims=True)) / spread).float()
