# SPDX-License-Identifier: Apache-2.0
"""The first round of an agent on a host that is full of servers: it asks for the project of each."""

import collections.abc
import pathlib
import socket
import tempfile

from conftest import Host
import pytest
from served_placement import ServedPlacement

SERVERS = 8


@pytest.fixture
def full(new_host: collections.abc.Callable[[str], Host], placement: ServedPlacement) -> Host:
    """hypertierd runs there, and no agent."""
    host = new_host('compute-1')
    own = placement.call('POST', '/resource_providers', {
        'name': host.name, 'parent_provider_uuid': placement.make_node('compute-1')})
    for name in ('CUSTOM_FMEM_MB', 'CUSTOM_SMEM_MB'):
        placement.call('PUT', f'/resource_classes/{name}')
    placement.call('PUT', f"/resource_providers/{own['uuid']}/inventories", {
        'resource_provider_generation': own['generation'],
        'inventories': {'CUSTOM_FMEM_MB': {'total': 4096}, 'CUSTOM_SMEM_MB': {'total': 16384}}})
    host.hypertierd.start()
    for _ in range(SERVERS):
        placement.claim(host.name, 64, 192)
    placement.requests.clear()
    return host


def asked(placement: ServedPlacement) -> int:
    return sum(path.startswith('/allocations/') for _, path in placement.requests)


def test_a_failure_half_way_does_not_make_it_start_from_nothing(full: Host, placement: ServedPlacement) -> None:
    told_before, told_meanwhile = full.hypertierd.told, []

    def fail_once(method: str, path: str) -> None:
        told_meanwhile.append(full.hypertierd.told)
        placement.only = '/allocations/'
        placement.fail = '500 Internal Server Error' if asked(placement) == SERVERS // 2 else None

    placement.before = fail_once
    full.agent.start()
    full.until(lambda: len(full.hypertierd.grants or {}) == SERVERS, 'all of them', 45)
    full.says('HTTP 500')
    # Each once, and once more the one that failed.
    assert asked(placement) == SERVERS + 1
    # hypertierd is told of all of them, and of no half.
    assert set(told_meanwhile[:SERVERS + 1]) == {told_before}


def test_the_watchdog_is_told_while_it_gets_on(full: Host, placement: ServedPlacement) -> None:
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        address = pathlib.Path(folder) / 'notify'
        systemd.bind(str(address))
        systemd.setblocking(False)
        told, said = full.hypertierd.told, []

        def is_told() -> bool:
            # As systemd does: the kernel keeps ten, and then the agent waits.
            try:
                while True:
                    said.append(systemd.recv(100))
            except BlockingIOError:
                return full.hypertierd.told > told

        full.agent.start(NOTIFY_SOCKET=str(address))
        full.until(is_told, 'the first round is over', 45)
    assert said[0] == b'READY=1'
    assert said.count(b'WATCHDOG=1') >= SERVERS
