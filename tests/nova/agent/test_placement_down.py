# SPDX-License-Identifier: Apache-2.0
"""Placement fails in each way there is; then nothing is taken from anybody, and all goes on when it is back."""

import time

import pytest


@pytest.mark.parametrize('how, word', [
    ({'fail': '503 Service Unavailable'}, 'HTTP 503: <html>a proxy has no placement</html>'),
    ({'fail': '401 Unauthorized'}, '401'),
    ({'fail': '200 OK'}, 'is not that of placement'),
    ({'fail': '404 Not Found'}, 'HTTP 404'),
    ({'delay_s': 5.0}, 'timed out'),
    # The claim can be read, and who holds it cannot.
    ({'fail': '500 Internal Server Error', 'only': '/allocations/'}, 'HTTP 500'),
    ({'refuse': True}, 'Unable to establish connection'),
])
def test_grants_and_trait_stay_while_placement_is_down(host, placement, how, word: str) -> None:
    one = placement.claim(host.name, 256, 768)
    host.until(lambda: host.hypertierd.grants == {one: ('acme', 256, 768)}, 'told')
    refuse = how.get('refuse', False)
    if refuse:
        placement.stop()
    else:
        for name, value in how.items():
            setattr(placement, name, value)
    if 'only' in how:
        two = placement.claim(host.name, 1, 2)
    host.says(word)
    if not refuse and 'only' not in how:
        two = placement.claim(host.name, 1, 2)
    told = host.hypertierd.told
    time.sleep(0.5)
    assert host.hypertierd.grants == {one: ('acme', 256, 768)} and host.hypertierd.told == told
    if refuse:
        placement.start()
        two = placement.claim(host.name, 1, 2)
    placement.fail, placement.delay_s, placement.only = None, 0.0, ''
    assert host.fit
    host.until(lambda: host.hypertierd.grants == {one: ('acme', 256, 768), two: ('acme', 1, 2)}, 'it goes on')
    host.says('all is well again')
    # Once, not with each try.
    assert host.agent.log().count('WARNING') <= 3


def test_tries_become_rarer(host, placement) -> None:
    host.rounds()
    placement.fail = '503 Service Unavailable'
    placement.requests.clear()
    time.sleep(3)
    # 0.2 s, doubled each time, of that at least half: not one in each interval.
    assert 2 <= len(placement.requests) <= 7


def test_a_placement_that_is_down_at_the_start_is_waited_for(new_host, placement) -> None:
    host = new_host('compute-1')
    placement.make_node('compute-1')
    host.hypertierd.start()
    placement.stop()
    host.agent.start()
    host.says('Unable to establish connection')
    placement.start()
    host.until(lambda: host.fit, 'the trait is there')


def test_what_changed_meanwhile_is_caught_up_with(host, placement) -> None:
    host.rounds()
    placement.fail = '503 Service Unavailable'
    host.hypertierd.maintenance, host.hypertierd.fmem_mb = 'new DIMMs', 1024
    host.says('HTTP 503')
    placement.fail = None
    host.until(lambda: not host.fit and placement.totals(host.name)['CUSTOM_FMEM_MB'] == 1024, 'caught up')
