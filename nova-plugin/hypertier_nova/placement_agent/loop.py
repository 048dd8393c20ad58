# SPDX-License-Identifier: Apache-2.0
"""Goes on until it is told to end."""

import logging
import threading
import time
import typing as ty

from hypertier_nova.placement_agent import backoff
from hypertier_nova.placement_agent import hypertierd
from hypertier_nova.placement_agent import placement
from hypertier_nova.placement_agent import provider
from hypertier_nova.placement_agent import rounds
from hypertier_nova.placement_agent import standing
from hypertier_nova.placement_agent import supervisor

LOG = logging.getLogger(__name__)

# A call over a local socket, for which hypertierd waits for nobody: so a change of the host is seen at once.
_LOOK_S = 1.0


class Loop:
    """hypertierd is looked at each second; placement is talked to each interval, and when the host has changed."""

    def __init__(self, daemon: hypertierd.Hypertierd, round_: rounds.Rounds, interval_s: float, grace_s: float) -> None:
        self._daemon = daemon
        self._round = round_
        self._look_s = min(_LOOK_S, interval_s)
        self._observer = standing.Observer(grace_s)
        self._backoff = backoff.Backoff(interval_s)
        self._next_at = 0.0
        # As placement was last told; None: a try has failed, and a change is no reason to try before its time.
        self._told: ty.Optional[standing.Standing] = None
        self._complaint = ''
        self._stop = threading.Event()

    def stop(self) -> None:
        """From a signal handler, too."""
        self._stop.set()

    def run(self) -> None:
        supervisor.tell('READY=1')
        while not self._stop.is_set():
            self._step()
            supervisor.alive()
            self._stop.wait(self._look_s)
        supervisor.tell('STOPPING=1')
        try:
            # From now on nobody would take it off.
            self._round.withdraw('hypertier-placement has ended')
        except placement.PlacementError as error:
            LOG.error('the trait may have stayed, though nobody looks after it now: %s', error)

    def once(self) -> bool:
        """One round; False when it did not get through."""
        self._step()
        return not self._complaint

    def _look(self) -> standing.Standing:
        try:
            said, trouble = self._daemon.standing()
        except hypertierd.HypertierdError as error:
            said, trouble = None, str(error)
        return self._observer.see(said, trouble)

    def _step(self) -> None:
        host = self._look()
        changed = self._told is not None and host != self._told
        if not changed and time.monotonic() < self._next_at:
            return
        self._told, complaint, wait = None, '', self._backoff.succeeded
        try:
            self._round.go(host)
            self._told = host
        except hypertierd.HypertierdError as error:
            # Placement has been told, and grants stay as hypertierd has them.
            self._told, complaint = host, str(error)
        except provider.NoNode as error:
            complaint = str(error)
        except placement.PlacementError as error:
            complaint, wait = str(error), self._backoff.failed
        self._next_at = time.monotonic() + wait()
        self._complain(complaint)

    def _complain(self, about: str) -> None:
        """Once, not each time."""
        if about and about != self._complaint:
            LOG.warning('%s', about)
        elif self._complaint and not about:
            LOG.info('all is well again')
        self._complaint = about
