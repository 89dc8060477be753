"""What a logical GPU notes, each with the line of ours that did it."""

import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

OURS = ("/ballast/", "/stages/", "/benchmarks/")


@dataclass
class Found:
    """Counts by what happened and where."""

    errors: Counter = field(default_factory=Counter)  # what CUDA refuses
    alerts: Counter = field(default_factory=Counter)  # kernels that raise under use_deterministic_algorithms(True)
    waits: Counter = field(default_factory=Counter)  # moments at which the host waits for the device
    launches: Counter = field(default_factory=Counter)  # operators that launch a kernel, at least one each
    recording: Callable[[], bool] = bool  # whether a CUDA graph is recorded now

    def error(self, what: str) -> None:
        """Note what CUDA refuses."""
        self.errors[f"{what} @ {culprit()}"] += 1

    def alert(self, what: str) -> None:
        """Note a kernel without a deterministic version."""
        self.alerts[f"{what} @ {culprit()}"] += 1

    def wait(self, what: str) -> None:
        """Note that the host waits; while a graph is recorded CUDA refuses that."""
        if self.recording():
            self.error(f"{what} while a graph is recorded")
        self.waits[f"{what} @ {culprit()}"] += 1

    def clear(self) -> None:
        """Forget all."""
        for counts in (self.errors, self.alerts, self.waits, self.launches):
            counts.clear()


def culprit() -> str:
    """Return the innermost line of the project that is running."""
    for frame in reversed(traceback.extract_stack()):
        if any(part in frame.filename for part in OURS) and "/tests/" not in frame.filename:
            return f"{'/'.join(frame.filename.split('/')[-2:])}:{frame.lineno} {frame.name}"
    return "backward, or outside of the project"
