# SPDX-License-Identifier: Apache-2.0
"""Times one resize from the host: from the request until the host sees it done."""

import collections.abc
import dataclasses
import threading
import time

# Sampling period in seconds, and as a share of the time since the request where that is more: a sample costs QEMU or
# the host up to 0.2 ms, which must not add up in a slow resize.
PERIOD = 0.001
PERIOD_SHARE = 0.005
# A resize that makes no progress for so long has ended, short of its target.
STALLED_SECONDS = 15.0
# Residency counts as settled when it is this close to its end value, as a share of what moved.
CLOSE = 0.01
# Discards may go on for a moment after the device has its end value.
LINGER_SECONDS = 0.3


@dataclasses.dataclass(frozen=True)
class Timed:
    """Bytes moved, and the seconds it took."""
    moved: int
    seconds: float

    @property
    def gib_per_second(self) -> float:
        return self.moved / self.seconds / (1 << 30) if self.seconds > 0 else 0.0


class Trace(threading.Thread):
    """Samples a number until told to end; keeps when it changed."""

    def __init__(self, sample: collections.abc.Callable[[], int]) -> None:
        super().__init__(daemon=True)
        self._sample = sample
        self._ending = threading.Event()
        self.points = [(time.perf_counter(), sample())]
        self.start()

    def run(self) -> None:
        started = time.perf_counter()
        while not self._ending.wait(max(PERIOD, (time.perf_counter() - started) * PERIOD_SHARE)):
            value = self._sample()
            if value != self.last():
                self.points.append((time.perf_counter(), value))

    def end(self) -> None:
        self._ending.set()
        self.join()

    def last(self) -> int:
        return self.points[-1][1]

    def wait_for(self, target: int) -> None:
        """Until it has a value, or does not change any more."""
        while self.last() != target and time.perf_counter() - self.points[-1][0] < STALLED_SECONDS:
            time.sleep(PERIOD)

    def first_at_most(self, value: int) -> float:
        return next(when for when, seen in self.points if seen <= value)


def shrink(request: collections.abc.Callable[[], None], device: collections.abc.Callable[[], int], target: int,
           resident: collections.abc.Callable[[], int]) -> Timed:
    """Done when the host's own residency has fallen by what was asked, or as far as it will: the same for every device.

    `device` is what the device leaves the guest; its becoming `target` says only when to stop watching.
    """
    asked = device() - target
    memory = Trace(resident)
    state = Trace(device)
    before = memory.last()
    started = time.perf_counter()
    request()
    state.wait_for(target)
    time.sleep(LINGER_SECONDS)
    state.end()
    memory.end()
    # What falls beyond that is free page reporting's.
    moved = min(before - memory.last(), asked)
    return Timed(moved, memory.first_at_most(before - int(moved * (1 - CLOSE))) - started)


def grow(request: collections.abc.Callable[[], None], device: collections.abc.Callable[[], int], target: int) -> Timed:
    """Done when the device says that the guest has the memory; drivers free pages before they let the device say so.

    First touch, in which the host backs the memory again, is not in it: it costs the same whoever gave the memory back.
    """
    state = Trace(device)
    before = state.last()
    started = time.perf_counter()
    request()
    state.wait_for(target)
    state.end()
    return Timed(state.last() - before, state.points[-1][0] - started)
