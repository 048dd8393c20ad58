# SPDX-License-Identifier: Apache-2.0
"""Who may not have more: a tenant by keystone's unified limits, all together by what placement knows of the host."""

from cloud import client
from cloud import guest
from cloud import server
from cloud import stack
import pytest


def test_a_tenant_gets_no_more_fast_memory_than_its_limit(cloud: stack.Stack, servers: server.Servers) -> None:
    cloud.catalogue.limit('globex', 'class:CUSTOM_FMEM_MB', 200)
    servers.create('globex', 'first', 'gold', guest.IDLE)
    with pytest.raises(client.Refused) as refused:
        servers.create('globex', 'second', 'gold', guest.IDLE)
    said = str(refused.value)
    assert 'class:CUSTOM_FMEM_MB is over limit of 200 due to current usage 128 and delta 128' in said
    assert 'HTTP 403' in said
    # Nothing is left of it, and the other tenant has a limit of its own.
    assert [one['Name'] for one in cloud.client('globex').read('server', 'list')] == ['first']
    servers.create('acme', 'theirs', 'gold', guest.IDLE)


def test_a_server_that_no_host_can_reserve_is_refused_by_placement(cloud: stack.Stack,
                                                                   servers: server.Servers) -> None:
    servers.create('acme', 'holds', 'wide', guest.IDLE)
    said_before = cloud.nova.services['nova-scheduler'].text().count(NO_CANDIDATES)
    with pytest.raises(client.Refused, match='No valid host was found'):
        servers.create('globex', 'wants', 'wide', guest.IDLE)
    assert cloud.nova.services['nova-scheduler'].text().count(NO_CANDIDATES) == said_before + 1
    # Its tenant is told so much, and that it failed.
    assert cloud.client('globex').read('server', 'show', 'wants')['status'] == 'ERROR'


NO_CANDIDATES = 'Got no allocation candidates from the Placement API'
