# SPDX-License-Identifier: Apache-2.0
"""The order in which the parts start. What takes long is begun early and awaited late."""

import collections.abc
import json
import pathlib
import re
import time
import urllib.request

import openstack

from cloud import catalogue
from cloud import client
from cloud import database
from cloud import glance
from cloud import guest
from cloud import host
from cloud import keystone
from cloud import messages
from cloud import no_network
from cloud import nova
from cloud import place
from cloud import placement
from cloud import plugin
from integration import hypertierd
from lab import private_libvirt


class Stack:
    """A running cloud of one host, from construction to close()."""

    def __init__(self, logs: pathlib.Path | None = None,
                 say: collections.abc.Callable[[str], None] = lambda _: None) -> None:
        self._began = time.monotonic()
        self._say = say
        self.libvirt = private_libvirt.PrivateLibvirt('os')
        folder = self.libvirt.folder / 'cloud'
        (folder / 'logs').mkdir(parents=True)
        self.here = place.Place(folder, logs or folder / 'logs')
        self._network = no_network.NoNetwork()
        self.host: host.Host | None = None
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def _start(self) -> None:
        here = self.here
        databases = database.Database(here)
        queue = messages.Messages(here)
        self._tell('private libvirt; a database and RabbitMQ are under way')
        databases.start()
        self._tell('MariaDB; the services make their tables')
        identity = self.keystone = keystone.Keystone(here, databases)
        images = glance.Glance(here, databases, identity)
        allocations = placement.Placement(here, databases, identity)
        self.host = host.Host(here, self.libvirt, identity)
        compute = self.nova = nova.Nova(here, databases, identity, nova.Neighbours(
            queue.url, images.url, self._network.url, self.host.prometheus_url, self.libvirt.uri,
            str(hypertierd.TIERCTL)))
        plugin.install(here)
        self._tell('nova plugin installed')
        identity.start()
        self._tell('keystone')
        self.catalogue = catalogue.Catalogue(self._connect(), here.password)
        endpoint_id = self.catalogue.fill({'compute': compute.url, 'placement': allocations.url, 'image': images.url})
        compute.configure(endpoint_id)
        # Another, which knows the catalogue as it is now.
        admin = self.admin = self._connect()
        self._tell('tenants, service users, catalogue, limits')
        allocations.start()
        images.start()
        queue.ready()
        compute.start()
        self.host.start()
        self._tell('hypertierd, hypertier-placement, Prometheus; the others start')
        images.ready()
        guest.upload(admin.image)
        self._tell('glance, and the guest in it')
        allocations.ready()
        compute.ready()
        self._tell('placement, nova-api')
        hypertierd.until(self.fit, 120, 'the host is offered with tiers', self.host.agent.tail)
        compute.discover_host()
        hypertierd.until(self._compute_is_up, 120, 'nova-compute is up', self.nova.services['nova-compute'].tail)
        self._tell('nova-compute; the host has the trait CUSTOM_HYPERTIER')

    def _connect(self) -> openstack.connection.Connection:
        return catalogue.connect(self.keystone.url, 'admin', 'admin', self.here.password)

    def _tell(self, what: str) -> None:
        self._say(f'{time.monotonic() - self._began:6.1f} s  {what}')

    def client(self, user: str) -> client.Client:
        """Of a tenant, or of admin; each has a project of that name."""
        return client.Client(self.here, self.keystone.url, user, user)

    def provider(self) -> str:
        """UUID of the host's provider of tiers in placement; empty: there is none."""
        assert self.host is not None
        found = self.admin.placement.get(f'/resource_providers?name={self.host.node}:hypertier').json()
        return found['resource_providers'][0]['uuid'] if found['resource_providers'] else ''

    def fit(self) -> bool:
        """Whether servers with tiers may come to the host."""
        provider = self.provider()
        return bool(provider) and 'CUSTOM_HYPERTIER' in self.admin.placement.get(
            f'/resource_providers/{provider}/traits').json()['traits']

    def reserved_fmem(self) -> int:
        """Bytes of fast memory that hypertierd keeps for servers, those included that are on their way."""
        assert self.host is not None
        told = re.search(r'^hypertier_host_tier_reservation_bytes{tier="fmem"} (\S+)$', self.host.hypertierd.metrics(),
                         re.MULTILINE)
        assert told, 'hypertierd does not export what is reserved'
        return int(float(told[1]))

    def known_to_be_free(self) -> bool:
        """Whether Prometheus, where it runs, says that no fast memory is reserved."""
        assert self.host is not None
        if not self.host.prometheus.running():
            return True
        query = f'{self.host.prometheus_url}/api/v1/query?query=hypertier_host_tier_reservation_bytes'
        with urllib.request.urlopen(query, timeout=10) as answer:
            result = json.load(answer)['data']['result']
        return bool(result) and all(float(one['value'][1]) == 0 for one in result if one['metric']['tier'] == 'fmem')

    def _compute_is_up(self) -> bool:
        return any(one['state'] == 'up' for one in self.admin.compute.get('/os-hypervisors').json()['hypervisors'])

    def close(self) -> None:
        if self.host is not None:
            self.host.close()
        self.here.close()
        self._network.close()
        self.libvirt.close()
