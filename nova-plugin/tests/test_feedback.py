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
        self.error: ty.Optional[BaseException] = None
        self.go = threading.Event()
        self.go.set()
        # Whom it knows, and what its answers take.
        self.names = ['a']
        self.took_s = 0.0
        self.feedback = feedback.Feedback(self._fetch, lambda: self.now)

    def _fetch(self):
        self.fetches += 1
        self.go.wait()
        self.now += self.took_s
        if self.error:
            raise self.error
        hosts = {}
        for name in self.names:
            host = hosts[name] = figures.HostFigures()
            host.add(('scraped', '', ''), 90, 100)
            host.add(('degraded', '', ''), self.fetches, 100)
        return hosts

    def get(self, timeout_s: float = 5, cache_s: float = 5):
        return self.feedback.get(cache_s, timeout_s, 60)


def test_one_answer_serves_all_requests_until_it_is_due() -> None:
    world = World()
    for _ in range(100):
        hosts, failure = world.get()
    assert (world.fetches, failure) == (1, '')
    world.now += 4.9
    world.get()
    assert world.fetches == 1
    assert world.feedback.age_s(hosts['a']) == pytest.approx(10 + 4.9)
    world.now += 0.1
    hosts, _ = world.get()
    assert world.fetches == 2 and hosts['a'].figures.get('degraded') == 2


def test_what_is_known_is_kept_while_prometheus_fails_and_the_reason_told() -> None:
    world = World()
    world.get()
    world.error, world.now = OSError('no route'), world.now + 7
    hosts, failure = world.get()
    assert hosts['a'].at == 1000 and 'no route' in failure
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
        hosts, failure = world.get(0.2)
    assert hosts is None and failure == 'Prometheus does not answer within 0.2 s'
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
    assert all(hosts is not None for hosts, _ in answers)


def test_a_host_that_an_answer_lacks_is_kept_with_its_time_until_it_is_too_old() -> None:
    world = World()
    world.names = ['a', 'b', 'c']
    world.get()
    world.names = ['b', 'c']
    # It was scraped 10 s before it was fetched, and may be 60 s old.
    for _ in range(10):
        world.now += 5
        hosts, failure = world.get()
        assert failure == '' and set(hosts) == {'a', 'b', 'c'}
        assert hosts['a'].at == 1000 and hosts['b'].at == world.now
    assert world.feedback.age_s(hosts['a']) == 60
    world.now += 5
    assert set(world.get()[0]) == {'b', 'c'}
    # Back with its next scrape.
    world.names, world.now = ['a', 'b', 'c'], world.now + 5
    hosts, _ = world.get()
    assert hosts['a'].at == world.now


def test_the_only_host_is_kept_like_one_of_many() -> None:
    world = World()
    world.get()
    # Prometheus answers, and of nobody.
    world.error = figures.AnswerError('no sample has the labels figure and instance')
    world.now += 50
    hosts, failure = world.get()
    assert hosts['a'].at == 1000 and world.feedback.age_s(hosts['a']) == 60 and 'no sample' in failure
    world.error, world.names, world.now = None, [], world.now + 5
    assert world.get() == ({}, '')


@pytest.mark.filterwarnings('ignore::pytest.PytestUnhandledThreadExceptionWarning')
@pytest.mark.parametrize('error', [RuntimeError('a mistake'), SystemExit('killed')])
def test_what_nobody_foresaw_is_a_failure_too(error: BaseException, caplog) -> None:
    world = World()
    world.error = error
    hosts, failure = world.get()
    assert hosts is None and 'the query of Prometheus' in failure
    assert isinstance(error, SystemExit) or 'Traceback' in caplog.text
    world.error, world.now = None, world.now + 5
    assert world.get()[1] == ''


def test_a_process_that_gets_no_thread_tries_again_later(monkeypatch) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    world = World()
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, 'start', refuse)
        assert world.get() == (None, "Prometheus was not asked: can't start new thread")
        assert world.get()[0] is None
    world.now += 5
    assert world.get()[1] == ''


@pytest.mark.parametrize('error', [None, OSError('timed out')])
def test_a_cache_shorter_than_a_slow_try_does_not_hold_a_request_up_again(error: ty.Optional[Exception]) -> None:
    world = World()
    # By hand: each try takes nearly as long as a request waits, and is too old at once.
    world.error, world.took_s = error, 1.9
    for _ in range(100):
        world.get(2, 0.1)
        world.now += 0.01
    assert world.fetches == 1
    world.now += 2
    world.get(2, 0.1)
    assert world.fetches == 2
    # Of quick answers each is used for its time.
    world.error, world.took_s = None, 0.01
    for _ in range(3):
        world.now += 2
        world.get(2, 0.1)
        world.now += 0.1
        world.get(2, 0.1)
    assert world.fetches == 8
