"""The temperature of an epoch: constant, or a cosine between two values (Kukleva et al., ICLR 2023).

    tau(e) = low + (high - low) (1 + cos(2 pi e / T)) / 2
A high temperature asks for groups, a low one tells instances apart; the tail gains from their alternation.
"""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Cosine:
    """Starts at ``high``, is at ``low`` after half a period of epochs."""

    low: float
    high: float
    period: float


def temperature(schedule: float | Cosine, epoch: int) -> float:
    """tau of an epoch, 1-based: e = epoch - 1."""
    if not isinstance(schedule, Cosine):
        return schedule
    phase = 2 * math.pi * (epoch - 1) / schedule.period
    return schedule.low + (schedule.high - schedule.low) * (1 + math.cos(phase)) / 2
