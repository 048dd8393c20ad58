# SPDX-License-Identifier: Apache-2.0
import collections.abc
import math
import time

import pytest
from served_metrics import host
from served_metrics import ServedMetrics

from hypertier_nova import figures
from hypertier_nova import prometheus


@pytest.fixture
def served() -> collections.abc.Iterator[ServedMetrics]:
    server = ServedMetrics()
    yield server
    server.close()


def ask(served: ServedMetrics, timeout_s: float = 5):
    return prometheus.ask(served.url, 'the query', timeout_s, 'instance')


def test_figures_of_all_hosts_come_with_one_query(served) -> None:
    served.hosts = {'a:9841': host(tenant_limit__smem__acme=7), 'b.example': host(hit_ratio=0.5)}
    served.ages_s = {'b.example': 90}
    hosts = ask(served)
    assert set(hosts) == {'a', 'b.example'} and served.queries == ['the query']
    assert hosts['a'].get('capacity', 'fmem') == 64 << 30
    assert hosts['a'].get('tenant_limit', 'smem', 'acme') == 7 and hosts['a'].get('tenant_limit', 'smem') is None
    assert hosts['a'].age_s < 1 and 89 < hosts['b.example'].age_s < 91
    assert hosts['b.example'].get('hit_ratio') == 0.5


@pytest.mark.parametrize('body, word', [
    (b'<html>', 'no JSON'), (b'[]', 'prometheus_url'), (b'{}', 'no reason given'),
    (b'{"status": "error", "errorType": "bad_data", "error": "parse error: x"}', 'bad_data: parse error: x'),
    (b'{"status": "success"}', 'query API'),
    (b'{"status": "success", "data": {"resultType": "matrix", "result": []}}', 'instant vector'),
    (b'{"status": "success", "data": {"resultType": "vector", "result": [1]}}', 'query API'),
    (b'{"status": "success", "data": {"resultType": "vector", "result": [{"metric": {}, "value": ["x", 1]}]}}', 'API'),
    (b'{"status": "success", "data": {"resultType": "vector", "result": []}}', 'host_label'),
    (b'\xff\xfe', 'no JSON'),
])
def test_a_wrong_answer_is_told_with_the_option_to_look_at(served, body: bytes, word: str) -> None:
    served.body = body
    with pytest.raises(figures.AnswerError, match=word):
        ask(served)


def test_a_wrong_query_is_told_in_the_words_of_prometheus(served) -> None:
    served.status, served.body = 400, b'{"status": "error", "errorType": "bad_data", "error": "unexpected end"}'
    with pytest.raises(figures.AnswerError, match='unexpected end'):
        ask(served)


def test_samples_that_mean_nothing_are_left_out() -> None:
    def sample(value: str, **labels: str):
        return {'metric': labels, 'value': [100, value]}
    answer = {'status': 'success', 'data': {'resultType': 'vector', 'result': [
        sample('NaN', instance='a', figure='hit_ratio'), sample('+Inf', instance='a', figure='burst', tier='fmem'),
        sample('1', instance='a', figure='unheard_of'), sample('1', figure='degraded'), sample('2', instance='a'),
        sample('95', instance='a', figure='scraped'), sample('90', instance='a:1', figure='scraped'),
        sample('3', instance='b', figure='degraded')]}}
    hosts = figures.parse(answer, 'instance')
    assert set(hosts) == {'a', 'b'}
    assert hosts['a'].get('hit_ratio') is None and hosts['a'].get('burst', 'fmem') is None
    assert hosts['a'].age_s == 5 and hosts['b'].age_s == math.inf


def test_no_server_and_a_slow_one_are_os_errors(served) -> None:
    served.delay_s = 10
    started = time.monotonic()
    with pytest.raises(OSError):
        ask(served, 0.1)
    assert time.monotonic() - started < 8
    with pytest.raises(OSError):
        prometheus.ask('http://127.0.0.1:1', 'x', 1, 'instance')
    served.delay_s, served.status = 0, 503
    with pytest.raises(OSError):
        ask(served)


def test_a_proxy_of_the_environment_is_not_asked(served, monkeypatch) -> None:
    served.hosts = {'a': host()}
    for name in ('http_proxy', 'HTTP_PROXY', 'all_proxy'):
        monkeypatch.setenv(name, 'http://127.0.0.1:1')
    for name in ('no_proxy', 'NO_PROXY', 'REQUEST_METHOD'):
        monkeypatch.delenv(name, raising=False)
    assert set(ask(served)) == {'a'}
