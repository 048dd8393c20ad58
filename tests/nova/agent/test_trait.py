# SPDX-License-Identifier: Apache-2.0
"""The trait: there while VMs with tiers are welcome."""

import time

import grpc
import pytest

from agent_program import GRACE_S
from agent_program import HYPERTIERD_TIMEOUT_S
from agent_program import INTERVAL_S

# Until it is gone: the grace, a look, a call that times out, an interval; and what a busy machine takes.
BOUND_S = GRACE_S + 3 * INTERVAL_S + HYPERTIERD_TIMEOUT_S + 4


def test_it_goes_within_the_bound_when_hypertierd_dies_and_comes_back_with_it(host, placement) -> None:
    host.rounds()
    host.hypertierd.stop()
    died = time.monotonic()
    host.until(lambda: not host.fit, 'the trait is gone', BOUND_S)
    # Not before the grace is over: a restart goes unnoticed.
    assert time.monotonic() - died > GRACE_S * 0.8
    # Sizes are as they were.
    assert placement.totals(host.name) == {'CUSTOM_FMEM_MB': 4096, 'CUSTOM_SMEM_MB': 16384}
    host.hypertierd.start()
    host.until(lambda: host.fit, 'the trait is back')
    host.says('all is well again')
    host.says('hypertierd at unix:')


def test_a_quick_restart_of_hypertierd_goes_unnoticed(host, placement) -> None:
    host.rounds()
    placement.requests.clear()
    host.hypertierd.stop()
    time.sleep(0.3)
    host.hypertierd.start()
    host.rounds()
    assert not [path for method, path in placement.requests if method == 'PUT' and path.endswith('/traits')]


def test_it_goes_when_hypertierd_hangs(host) -> None:
    host.rounds()
    host.hypertierd.delay_s = 60
    host.until(lambda: not host.fit, 'the trait is gone', BOUND_S)
    host.hypertierd.delay_s = 0
    host.until(lambda: host.fit, 'the trait is back')


@pytest.mark.parametrize('said, word', [
    ({'maintenance': 'new DIMMs'}, 'it is in maintenance: new DIMMs'),
    ({'policy': '', 'reason': 'qos.policy is off'}, 'nothing is planned: qos.policy is off'),
    ({'fmem_mb': None, 'smem_mb': None}, 'does not know how large its tiers are'),
    ({'disconnected': 'no socket'}, 'hypertierd is not connected to libvirt: no socket'),
    ({'fail': grpc.StatusCode.UNAVAILABLE}, 'as the test wants it'),
])
def test_it_goes_by_what_hypertierd_says_and_comes_back(host, placement, said, word: str) -> None:
    host.rounds()
    before = {name: getattr(host.hypertierd, name) for name in said}
    for name, value in said.items():
        setattr(host.hypertierd, name, value)
    host.until(lambda: not host.fit, 'the trait is gone', BOUND_S)
    host.says('no new VMs with tiers: ', word)
    assert placement.totals(host.name) == {'CUSTOM_FMEM_MB': 4096, 'CUSTOM_SMEM_MB': 16384}
    for name, value in before.items():
        setattr(host.hypertierd, name, value)
    host.until(lambda: host.fit, 'the trait is back')


def test_it_is_taken_off_although_the_inventory_cannot_be_written(host, placement) -> None:
    host.rounds()
    placement.only, placement.fail = '/inventories', '500 Internal Server Error'
    host.hypertierd.fmem_mb, host.hypertierd.maintenance = 1000, 'new DIMMs'
    host.until(lambda: not host.fit, 'the trait is gone', BOUND_S)


def test_an_agent_that_is_told_to_end_takes_it_off_and_leaves_the_rest(host, placement) -> None:
    consumer = placement.claim(host.name, 1, 2)
    host.rounds()
    assert host.agent.stop() == 0
    assert not host.fit
    assert placement.totals(host.name) == {'CUSTOM_FMEM_MB': 4096, 'CUSTOM_SMEM_MB': 16384}
    assert host.hypertierd.grants == {consumer: ('acme', 1, 2)}
    host.agent.start()
    host.until(lambda: host.fit, 'the trait is back')


def test_of_an_agent_that_was_killed_it_is_taken_off_by_withdraw(host, placement) -> None:
    host.rounds()
    host.agent.stop(9)
    assert host.fit
    assert host.agent.run('--withdraw').returncode == 0
    assert not host.fit
    # As often as systemd likes, and for a host that has no provider.
    assert host.agent.run('--withdraw').returncode == 0
    placement.call('DELETE', f"/resource_providers/{placement.provider(host.name)['uuid']}")
    assert host.agent.run('--withdraw').returncode == 0


def test_an_agent_ends_although_placement_is_away(host, placement) -> None:
    host.rounds()
    placement.stop()
    assert host.agent.stop() == 0
    placement.start()
    assert 'the trait may have stayed' in host.agent.log()
