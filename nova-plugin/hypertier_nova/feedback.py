# SPDX-License-Identifier: Apache-2.0
"""How all hosts fare, kept for some seconds: what filter and weigher share.

A request that finds the figures older than `cache_s` has them fetched by a thread, one at a time, and waits for it at
most `timeout_s`. While Prometheus does not answer, or answers without a host (it lost one scrape), requests go on with
the old figures until these are too old. After a try that failed or was slow the next one waits until `cache_s` and
`timeout_s` are both over, so that one request, which asks for each host, is not held up by several.
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
class Known:
    """A host as it was `at` (by the monotonic clock)."""
    figures: figures.HostFigures
    at: float


Hosts = ty.Mapping[str, Known]


class Feedback:
    """Thread-safe, by _lock, which is never held while anything is waited for. Starts no thread before it is asked."""

    def __init__(self, fetch: Fetch, clock: ty.Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        # By name; None before the first answer.
        self._hosts: ty.Optional[Hosts] = None
        # The last try: when it began, its end while it goes on, and from when on the next is due once it has ended.
        self._tried_at: ty.Optional[float] = None
        self._under_way: ty.Optional[threading.Event] = None
        self._due_at = 0.0
        self._failure = 'nothing was fetched yet'

    def get(self, cache_s: float, timeout_s: float, max_age_s: float) -> ty.Tuple[ty.Optional[Hosts], str]:
        """What is known, and why there is nothing newer where the last try brought nothing.

        Hosts that answers lack are forgotten after max_age_s; that the others are not too old, the caller looks.
        """
        with self._lock:
            now = self._clock()
            wait_for = None
            if self._under_way is None and (self._tried_at is None or now >= self._due_at):
                wait_for = self._try(now, cache_s, timeout_s, max_age_s)
            elif self._hosts is None:
                # Whoever comes while the first try goes on has nothing to go on with.
                wait_for = self._under_way
            # Counted from the beginning of the try: a request asks once for each host, and waits once.
            patience = self._tried_at + timeout_s - now
        if wait_for is not None:
            wait_for.wait(max(0.0, patience))
        with self._lock:
            late = self._under_way is not None and self._clock() - self._tried_at >= timeout_s
            return self._hosts, f'Prometheus does not answer within {timeout_s:g} s' if late else self._failure

    def age_s(self, known: Known) -> float:
        return known.figures.age_s + self._clock() - known.at

    def _try(self, now: float, cache_s: float, timeout_s: float, max_age_s: float) -> ty.Optional[threading.Event]:
        """Begins one, with _lock held; None: no thread can be had, which counts as one that failed."""
        self._tried_at = now
        done = threading.Event()
        try:
            threading.Thread(target=self._refresh, args=(done, cache_s, timeout_s, max_age_s),
                             name='hypertier-feedback', daemon=True).start()
        except RuntimeError as error:
            self._failure, self._due_at = f'Prometheus was not asked: {error}', now + max(cache_s, timeout_s)
            LOG.warning('HyperTier: no figures of hosts: %s', self._failure)
            return None
        self._under_way = done
        return done

    def _refresh(self, done: threading.Event, cache_s: float, timeout_s: float, max_age_s: float) -> None:
        # From before the fetch, since that is how old the answer may be.
        at = self._clock()
        # Whatever ends this: what was not fetched passes for no answer, and nobody waits for a try that is over.
        hosts, failure = None, 'the query of Prometheus was broken off'
        try:
            hosts, failure = self._fetch(), ''
        except (OSError, http.client.HTTPException, figures.AnswerError, ValueError) as error:
            failure = f'the query of Prometheus failed: {error}'
            LOG.warning('HyperTier: no figures of hosts: %s', failure)
        except Exception as error:
            failure = f'the query of Prometheus failed: {error!r}'
            LOG.exception('HyperTier: no figures of hosts: %s', failure)
        finally:
            with self._lock:
                if hosts is not None:
                    self._hosts = {**self._kept(max_age_s), **{name: Known(one, at) for name, one in hosts.items()}}
                now = self._clock()
                smooth = hosts is not None and now - at < cache_s
                self._due_at = at + cache_s if smooth else now + max(cache_s, timeout_s)
                self._failure = failure
                self._under_way = None
            done.set()

    def _kept(self, max_age_s: float) -> Hosts:
        """What is known of hosts and not too old, whether or not they are in the next answer. With _lock held."""
        return {name: known for name, known in (self._hosts or {}).items() if self.age_s(known) <= max_age_s}
