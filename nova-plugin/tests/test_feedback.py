# SPDX-License-Identifier: Apache-2.0
import threading
import time
import typing as ty

import pytest

from hypertier_nova import feedback
from hypertier_nova import figures


class World:
    """A clock that is moved by hand, and a Prometheus that answers, fails, or hangs until it is let go."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.fetches = 0
        self.error: ty.Optional[Exception] = None
        self.go = threading.Event()
        self.go.set()
        self.feedback = feedback.Feedback(self._fetch, lambda: self.now)

    def _fetch(self):
        self.fetches += 1
        self.go.wait()
        if self.error:
            raise self.error
        host = figures.HostFigures()
        host.add(('scraped', '', ''), 90, 100)
        host.add(('degraded', '', ''), self.fetches, 100)
        return {'a': host}

    def get(self, timeout_s: float = 5):
        return self.feedback.get(5, timeout_s)


def test_one_answer_serves_all_requests_until_it_is_due() -> None:
    world = World()
    for _ in range(100):
        fetched, failure = world.get()
    assert (world.fetches, failure) == (1, '')
    world.now += 4.9
    world.get()
    assert world.fetches == 1
    assert world.feedback.age_s(fetched, fetched.hosts['a']) == pytest.approx(10 + 4.9)
    world.now += 0.1
    fetched, _ = world.get()
    assert world.fetches == 2 and fetched.hosts['a'].get('degraded') == 2


def test_what_is_known_is_kept_while_prometheus_fails_and_the_reason_told() -> None:
    world = World()
    world.get()
    world.error, world.now = OSError('no route'), world.now + 7
    fetched, failure = world.get()
    assert fetched.at == 1000 and 'no route' in failure
    # Not tried again at once.
    world.get()
    assert world.fetches == 2
    world.error, world.now = None, world.now + 5
    assert world.get()[1] == ''


def test_a_mistake_in_fetching_leaves_nobody_waiting() -> None:
    world = World()
    world.error = figures.AnswerError('it is no JSON')
    assert world.get() == (None, 'the query of Prometheus failed: it is no JSON')
    assert world.get()[0] is None and world.fetches == 1


def test_a_hanging_prometheus_holds_a_request_up_once_however_many_hosts_it_asks_for() -> None:
    world = World()
    world.go.clear()
    started = time.monotonic()
    assert world.get(0.2)[0] is None
    # The clock of Feedback is by hand: after the first wait its time is over.
    world.now += 0.2
    for _ in range(1000):
        fetched, failure = world.get(0.2)
    assert fetched is None and failure == 'Prometheus does not answer within 0.2 s'
    # Nor are more and more threads left hanging.
    world.now += 100
    world.get(0.2)
    assert time.monotonic() - started < 20
    assert world.fetches == 1
    world.go.set()
    for _ in range(100):
        if world.get()[0] is not None:
            return
        time.sleep(0.02)
    raise AssertionError('what came late was not used')


def test_requests_at_the_same_time_share_one_fetch() -> None:
    world = World()
    world.go.clear()
    answers: ty.List[ty.Any] = []
    threads = [threading.Thread(target=lambda: answers.append(world.get())) for _ in range(20)]
    for thread in threads:
        thread.start()
    world.go.set()
    for thread in threads:
        thread.join()
    assert world.fetches == 1 and len(answers) == 20
    assert all(fetched is not None for fetched, _ in answers)
