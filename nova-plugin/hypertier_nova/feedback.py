# SPDX-License-Identifier: Apache-2.0
"""How all hosts fare, kept for some seconds: what filter and weigher share.

A request that finds the figures older than `cache_s` has them fetched by a thread, one at a time, and waits for it at
most `timeout_s`. While Prometheus does not answer, requests go on with the old figures until these are too old, and are
held up no more than once each `cache_s`.
"""

import dataclasses
import http.client
import threading
import time
import typing as ty

from oslo_log import log as logging

from hypertier_nova import figures

LOG = logging.getLogger(__name__)

Fetch = ty.Callable[[], ty.Dict[str, figures.HostFigures]]


@dataclasses.dataclass(frozen=True)
class Fetched:
    """Hosts as they were `at` (by the monotonic clock)."""
    hosts: ty.Dict[str, figures.HostFigures]
    at: float


class Feedback:
    """Thread-safe, by _lock, which is never held while anything is waited for. Starts no thread before it is asked."""

    def __init__(self, fetch: Fetch, clock: ty.Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._fetched: ty.Optional[Fetched] = None
        # When it was last tried, and the end of a try that goes on.
        self._tried_at: ty.Optional[float] = None
        self._under_way: ty.Optional[threading.Event] = None
        self._failure = 'nothing was fetched yet'

    def get(self, cache_s: float, timeout_s: float) -> ty.Tuple[ty.Optional[Fetched], str]:
        """What is known, and why there is nothing newer where the last try brought nothing."""
        with self._lock:
            now = self._clock()
            due = self._tried_at is None or now - self._tried_at >= cache_s
            wait_for = None
            if due and self._under_way is None:
                wait_for = self._under_way = threading.Event()
                self._tried_at = now
                threading.Thread(target=self._refresh, args=(wait_for,), name='hypertier-feedback', daemon=True).start()
            elif self._fetched is None:
                # Whoever comes while the first try goes on has nothing to go on with.
                wait_for = self._under_way
            # Counted from the beginning of the try: a request asks once for each host, and waits once.
            patience = self._tried_at + timeout_s - now
        if wait_for is not None:
            wait_for.wait(max(0.0, patience))
        with self._lock:
            late = self._under_way is not None and self._clock() - self._tried_at >= timeout_s
            return self._fetched, f'Prometheus does not answer within {timeout_s:g} s' if late else self._failure

    def age_s(self, fetched: Fetched, host: figures.HostFigures) -> float:
        return host.age_s + self._clock() - fetched.at

    def _refresh(self, done: threading.Event) -> None:
        # A mistake in here must not leave requests waiting for a try that has ended.
        hosts, failure = None, ''
        # From before the fetch, since that is how old the answer may be.
        at = self._clock()
        try:
            hosts = self._fetch()
        except (OSError, http.client.HTTPException, figures.AnswerError, ValueError) as error:
            failure = f'the query of Prometheus failed: {error}'
            LOG.warning('HyperTier: no figures of hosts: %s', failure)
        finally:
            with self._lock:
                if hosts is not None:
                    self._fetched = Fetched(hosts, at)
                self._failure = failure
                self._under_way = None
            done.set()
