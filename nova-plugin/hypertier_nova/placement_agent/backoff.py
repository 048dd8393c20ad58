# SPDX-License-Identifier: Apache-2.0
"""When to try again."""

import random
import typing as ty

# However long placement is away, its return is noticed within this.
MOST_S = 30.0
# Agents of a whole cloud that were started together do not go on together.
_JITTER = 0.1


class Backoff:
    def __init__(self, interval_s: float, uniform: ty.Callable[[float, float], float] = random.uniform) -> None:
        self._interval_s = interval_s
        self._uniform = uniform
        self._failures = 0

    def succeeded(self) -> float:
        """Seconds until the next round."""
        self._failures = 0
        return self._interval_s * self._uniform(1 - _JITTER, 1 + _JITTER)

    def failed(self) -> float:
        """Seconds until the next try: twice as many each time, anywhere in the upper half."""
        self._failures += 1
        most = max(self._interval_s, min(MOST_S, self._interval_s * 2.0 ** min(self._failures, 16)))
        return self._uniform(most / 2, most)
