"""The temperature of an epoch: constant, or a cosine between two values (Kukleva et al., ICLR 2023).

    tau(e) = low + (high - low) (1 + cos(2 pi e / T)) / 2
A high temperature asks for groups, a low one tells instances apart; the tail gains from their alternation.
docs/methods/simclr.md#temperature
"""

import math

from ballast.config.profile import CosineTemperature, Optimization


def temperature(optimization: Optimization, epoch: int) -> float:
    """Return tau of an epoch counted from 1, e = epoch - 1; the period T is a fraction of all epochs."""
    schedule = optimization.temperature
    if not isinstance(schedule, CosineTemperature):
        return schedule
    period = optimization.temperature_period * optimization.epochs
    phase = 2 * math.pi * (epoch - 1) / period
    return schedule.low + (schedule.high - schedule.low) * (1 + math.cos(phase)) / 2
