# SPDX-License-Identifier: Apache-2.0
"""How the host stands: what it can give, and whether VMs with tiers should come."""

import dataclasses
import time
import typing as ty


@dataclasses.dataclass(frozen=True)
class Standing:
    # MiB that VMs may have, by resource class; None: not known, so what placement has stays.
    totals: ty.Optional[ty.Mapping[str, int]]
    # Why no VM with tiers should come here; empty: they are welcome.
    unfit: str


class Observer:
    """Standing from what is seen of hypertierd.

    What hypertierd says itself (maintenance, nothing planned) counts at once. Trouble (it does not answer, or has lost
    libvirt) counts once it has lasted `grace_s`, so that a restart goes unnoticed.
    """

    def __init__(self, grace_s: float, clock: ty.Callable[[], float] = time.monotonic) -> None:
        self._grace_s = grace_s
        self._clock = clock
        self._last = Standing(None, 'hypertierd has not answered yet')
        self._trouble = ''
        self._troubled_since = 0.0

    def see(self, said: ty.Optional[Standing], trouble: str) -> Standing:
        """said: None when it did not answer. trouble: empty when there is none."""
        now = self._clock()
        if said is not None:
            # Sizes that were known once are not forgotten.
            self._last = said if said.totals is not None else dataclasses.replace(said, totals=self._last.totals)
        if trouble and not self._trouble:
            self._troubled_since = now
        self._trouble = trouble
        if trouble and now - self._troubled_since >= self._grace_s:
            return dataclasses.replace(self._last, unfit=trouble)
        return self._last
