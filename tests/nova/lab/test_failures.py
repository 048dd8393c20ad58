# SPDX-License-Identifier: Apache-2.0
"""What servers see of it when a part of HyperTier is killed. Recovery takes nothing but that part's restart."""

import collections.abc
import signal

from cloud import client
from cloud import guest
from cloud import host
from cloud import server
from cloud import stack
from integration import hypertierd
import pytest

# docs/openstack.md: the grace, a look each second, one call, and a round; and what a busy machine adds.
OFF_WITHIN_S = host.GRACE_S + 1 + 2 + 10
BACK_WITHIN_S = 60


@pytest.fixture(autouse=True)
def mended(cloud: stack.Stack) -> collections.abc.Iterator[None]:
    """Whatever a failed test has left dead runs again for the next."""
    yield
    for part in (cloud.host.prometheus, cloud.host.agent):
        if not part.running():
            part.start()
    if cloud.host.hypertierd.process.poll() is not None:
        cloud.host.hypertierd.start()
    hypertierd.until(cloud.fit, BACK_WITHIN_S, 'the trait is back', cloud.host.agent.tail)


def assert_only_untiered_start(servers: server.Servers) -> None:
    servers.create('acme', 'untiered', 'plain', guest.IDLE)
    with pytest.raises(client.Refused, match='No valid host was found'):
        servers.create('acme', 'refused', 'gold', guest.IDLE)


def test_without_hypertierd_nothing_with_tiers_comes_and_its_restart_is_enough(cloud: stack.Stack,
                                                                               servers: server.Servers) -> None:
    there = servers.create('acme', 'there', 'gold', guest.IDLE)
    there.await_managed()
    cloud.host.hypertierd.kill(signal.SIGKILL)
    hypertierd.until(lambda: not cloud.fit(), OFF_WITHIN_S, 'the trait goes', cloud.host.agent.tail)
    assert_only_untiered_start(servers)
    assert there.shown()['status'] == 'ACTIVE'
    assert there.allocations() == {'CUSTOM_FMEM_MB': 128, 'CUSTOM_SMEM_MB': 512}

    cloud.host.hypertierd.start()
    hypertierd.until(cloud.fit, BACK_WITHIN_S, 'the trait is back', cloud.host.agent.tail)
    there.await_managed()
    assert there.fmem().reservation_bytes == 128 * server.MIB
    await_tiered_starts(servers)


def test_without_the_agent_nothing_with_tiers_comes_and_its_restart_is_enough(cloud: stack.Stack,
                                                                              servers: server.Servers) -> None:
    cloud.host.agent.stop(signal.SIGKILL)
    cloud.host.after_agent()
    assert not cloud.fit()
    assert_only_untiered_start(servers)

    cloud.host.agent.start()
    hypertierd.until(cloud.fit, BACK_WITHIN_S, 'the trait is back', cloud.host.agent.tail)
    await_tiered_starts(servers)


def test_when_both_die_the_trait_goes_and_comes_back(cloud: stack.Stack) -> None:
    cloud.host.agent.stop(signal.SIGKILL)
    cloud.host.hypertierd.kill(signal.SIGKILL)
    cloud.host.after_agent()
    assert not cloud.fit()
    cloud.host.agent.start()
    # It has nothing to say of a hypertierd that it has not seen.
    cloud.host.hypertierd.start()
    hypertierd.until(cloud.fit, BACK_WITHIN_S, 'the trait is back', cloud.host.agent.tail)


def test_without_prometheus_nothing_with_tiers_comes_and_its_restart_is_enough(cloud: stack.Stack,
                                                                               servers: server.Servers) -> None:
    cloud.host.prometheus.stop(signal.SIGKILL)
    scheduler = cloud.nova.services['nova-scheduler']
    servers.create('acme', 'untiered', 'plain', guest.IDLE)

    # What was scraped last counts for max_age_seconds.
    def refused() -> bool:
        try:
            servers.create('acme', 'refused', 'gold', guest.IDLE)
        except client.Refused as error:
            return 'No valid host was found' in str(error)
        servers.close()
        return False
    hypertierd.until(refused, 120, 'servers with tiers are refused', scheduler.tail)
    assert 'the query of Prometheus failed' in scheduler.text()
    # The host itself is as well as ever.
    assert cloud.fit()

    cloud.host.prometheus.start()
    await_tiered_starts(servers)


def await_tiered_starts(servers: server.Servers) -> None:
    """Of itself, within seconds: the scheduler asks Prometheus, and that hypertierd, again."""
    def starts() -> bool:
        try:
            servers.create('acme', 'again', 'gold', guest.IDLE)
            return True
        except client.Refused as error:
            assert 'No valid host was found' in str(error)
            servers.close()
            return False
    hypertierd.until(starts, BACK_WITHIN_S, 'a server with tiers starts')
