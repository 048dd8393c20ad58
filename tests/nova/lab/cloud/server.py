# SPDX-License-Identifier: Apache-2.0
"""A server of a tenant, as the tenant and as the host see it."""

import re
import typing as ty

from cloud import client
from cloud import stack
from integration import api
from integration import hypertierd

MIB = 1 << 20
# An emulated guest on a busy machine.
BOOT_S = 240


class Node(ty.NamedTuple):
    """A memory node by the guest's own word."""
    cpus: str
    mib: int


def _nodes_by_boot(console: str) -> dict[str, list[Node]]:
    """What the guest (guest/tell) has told last, by boot."""
    return {boot: [Node(cpus, int(kib) // 1024) for cpus, kib in re.findall(r'cpus=(\S*) kib=(\d+)', nodes)]
            for boot, nodes in re.findall(r'^guest (\S+) (.*) end\s*$', console, re.MULTILINE)}


class Server:
    def __init__(self, cloud: stack.Stack, tenant: str, name: str, uuid: str) -> None:
        self.cloud = cloud
        self.client = cloud.client(tenant)
        self.name = name
        self.uuid = uuid

    # --- by the tenant's client

    def command(self, *words: str) -> str:
        """`openstack server ...` about it."""
        return self.client.openstack('server', *words, self.name)

    def shown(self) -> dict[str, ty.Any]:
        return self.client.read('server', 'show', self.name)

    def console(self) -> str:
        return self.client.openstack('console', 'log', 'show', self.name)

    def boots(self) -> set[str]:
        """Names of the boots that its console knows of."""
        return set(_nodes_by_boot(self.console()))

    def await_boot(self, before: ty.Container[str] = ()) -> list[Node]:
        """The nodes of the guest in the first boot that is none of those before."""
        def new() -> list[str]:
            # The client takes seconds to start, each time; an emulated guest needs them itself.
            asked = self.cloud.admin.compute.post(f'/servers/{self.uuid}/action', json={'os-getConsoleOutput': {}})
            text = asked.json()['output'] if asked.status_code == 200 else ''
            return [boot for boot in _nodes_by_boot(text) if boot not in before]
        hypertierd.until(new, BOOT_S, f'{self.name} tells its console what nodes it has', self.console)
        return _nodes_by_boot(self.console())[new()[0]]

    # --- by the host

    def vm(self) -> ty.Any:
        """As hypertierd has it."""
        return self.cloud.host.hypertierd.vm(f'vms/{self.uuid}')

    def tier(self, kind: int) -> ty.Any:
        return next(tier for tier in self.vm().tiers if tier.kind == kind)

    def fmem(self) -> ty.Any:
        return self.tier(api.FMEM)

    def smem(self) -> ty.Any:
        return self.tier(api.SMEM)

    def await_managed(self) -> None:
        self.cloud.host.hypertierd.wait_managed(f'vms/{self.uuid}', timeout=BOOT_S)

    def tierctl(self, verb: str) -> str:
        done = self.cloud.host.hypertierd.tierctl(verb, self.vm().display_name)
        assert done.returncode == 0, done
        return done.stdout

    # --- by placement

    def allocations(self) -> dict[str, int]:
        """MiB of the tiers; empty: it holds nothing."""
        answer = self.cloud.admin.placement.get(f'/allocations/{self.uuid}').json()['allocations']
        tiers = answer.get(self.cloud.provider(), {'resources': {}})
        return tiers['resources']


class Servers:
    """Those of a test; close() deletes them."""

    def __init__(self, cloud: stack.Stack) -> None:
        self._cloud = cloud
        self._made: list[Server] = []

    def create(self, tenant: str, name: str, flavor: str, image: str) -> Server:
        """Waits until it is ACTIVE. Raises client.Refused, with the reason that its tenant is told."""
        self._cloud.client(tenant).openstack('server', 'create', '--flavor', flavor, '--image', image, '--nic', 'none',
                                             '--wait', name)
        # The command may have ended well all the same.
        made = self._find(name)
        assert made is not None, f'nova does not know {name}'
        self._made.append(Server(self._cloud, tenant, name, made['id']))
        if made['status'] != 'ACTIVE':
            shown = self._cloud.admin.compute.get(f'/servers/{made["id"]}').json()['server']
            raise client.Refused(shown.get('fault', {}).get('message', made['status']))
        return self._made[-1]

    def _find(self, name: str) -> ty.Any:
        found = self._cloud.admin.compute.get(f'/servers/detail?all_tenants=1&name=^{name}$').json()['servers']
        return found[0] if found else None

    def close(self) -> None:
        for one in self._made:
            self._cloud.admin.compute.delete(f'/servers/{one.uuid}')
        for one in self._made:
            hypertierd.until(lambda: self._find(one.name) is None, 60, f'{one.name} is gone')
        if self._made and self._cloud.host.hypertierd.process.poll() is None:
            # The filter goes by what Prometheus knows, which comes after an agent's round and a scrape.
            hypertierd.until(self._cloud.known_to_be_free, 60, 'Prometheus knows that nothing is reserved any more')
        self._made.clear()
