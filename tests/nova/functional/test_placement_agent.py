# SPDX-License-Identifier: Apache-2.0
"""hypertier-placement beside nova: what it does for the scheduler, and what hypertierd learns of nova's servers."""

import json
import pathlib
import subprocess
import sys
import time
import typing as ty

import eventlet
from eventlet import wsgi
import fixtures
from placement import deploy
import served_metrics

from base import HyperTierTestBase
import hypertier_nova

PROGRAM = pathlib.Path(hypertier_nova.__file__).parents[1] / 'bin' / 'hypertier-placement'
SERVED = pathlib.Path(served_metrics.__file__).with_name('served_hypertierd.py')

CONFIG = '''\
[hypertier_placement]
auth_type = admin_token
token = admin
endpoint = {url}
hypertierd = {socket}
hypertierd_timeout_seconds = 20
node_name = {node}
'''


class Hypertierd:
    """served_hypertierd.py in a process of its own, as gRPC does not go with eventlet."""

    def __init__(self, socket: str) -> None:
        self._process = subprocess.Popen([sys.executable, SERVED, socket], stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, text=True)

    def say(self, **changes: ty.Any) -> ty.Dict[str, ty.List]:
        """Sets attributes of ServedHypertierd; its grants."""
        self._process.stdin.write(json.dumps(changes) + '\n')
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()


class PlacementAgentTest(HyperTierTestBase):
    def setUp(self) -> None:
        super().setUp()
        self.folder = pathlib.Path(self.useFixture(fixtures.TempDir(rootdir='/tmp')).path)
        # nova talks to placement within this process; the agent has one of its own.
        listener = eventlet.listen(('127.0.0.1', 0))
        app = deploy.loadapp(self.placement.fixture.conf_fixture.conf)
        server = eventlet.spawn(wsgi.server, listener, app, log_output=False)
        self.addCleanup(server.kill)
        self.url = f'http://127.0.0.1:{listener.getsockname()[1]}'
        self.hypertierds: ty.Dict[str, Hypertierd] = {}
        self.hosts = ('one', 'two')
        for host in self.hosts:
            self.start_compute(host)
            self.metrics.hosts[f'{host}:9841'] = served_metrics.host()
            socket = f'unix:{self.folder}/{host}.sock'
            (self.folder / f'{host}.conf').write_text(CONFIG.format(url=self.url, socket=socket, node=host))
            self.hypertierds[host] = Hypertierd(socket)
            self.addCleanup(self.hypertierds[host].close)

    def agent(self, host: str, *arguments: str) -> None:
        """One round, as the agent on that host does it by itself."""
        with open(self.folder / 'log', 'w+', encoding='utf-8') as log:
            running = subprocess.Popen([sys.executable, PROGRAM, '--config-file', self.folder / f'{host}.conf',
                                        *(arguments or ['--once'])], stdout=log, stderr=log)
            # This process has to answer it meanwhile.
            while running.poll() is None:
                time.sleep(0.02)
            log.seek(0)
            self.assertEqual(0, running.returncode, log.read())

    def grants(self, host: str) -> ty.Dict[str, ty.List]:
        self.agent(host)
        return self.hypertierds[host].say()

    def test_servers_go_where_the_trait_is_and_plain_ones_anywhere(self) -> None:
        tiered, plain = self.flavor(), self.plain_flavor()
        # Nobody has told placement of any host.
        self.refused(tiered)
        self.boot(plain)
        for host in self.hosts:
            self.agent(host)
        self.hypertierds['one'].say(maintenance='new DIMMs')
        self.agent('one')
        self.assertEqual('two', self.host_of(self.boot(tiered)))
        self.hypertierds['two'].say(policy='', reason='qos.policy is off')
        self.agent('two')
        self.refused(tiered)
        self.boot(plain)
        self.hypertierds['one'].say(maintenance='')
        self.agent('one')
        self.assertEqual('one', self.host_of(self.boot(tiered)))

    def test_a_host_sells_what_its_hypertierd_has(self) -> None:
        tiered = self.flavor()
        self.hypertierds['one'].say(fmem_mb=300)
        self.hypertierds['two'].say(fmem_mb=200)
        for host in self.hosts:
            self.agent(host)
        self.assertEqual('one', self.host_of(self.boot(tiered)))
        self.refused(tiered)
        self.hypertierds['two'].say(fmem_mb=256)
        self.agent('two')
        self.assertEqual('two', self.host_of(self.boot(tiered)))

    def test_hypertierd_is_told_whose_each_server_is_and_what_it_reserves(self) -> None:
        for host in self.hosts:
            self.agent(host)
        server = self.boot(self.flavor())
        host = self.host_of(server)
        other, = set(self.hosts) - {host}
        self.assertEqual({server['id']: [self.api.project_id, 256, 768]}, self.grants(host))
        self.assertEqual({}, self.grants(other))
        # The domain has that UUID.
        self.assertIn(f"<uuid>{server['id']}</uuid>", self.xml[-1])
        self._delete_server(server)
        self.assertEqual({}, self.grants(host))

    def test_both_ends_of_a_migration_hold_their_claim_until_it_is_confirmed(self) -> None:
        for host in self.hosts:
            self.agent(host)
        server = self.boot(self.flavor())
        source = self.host_of(server)
        destination, = set(self.hosts) - {source}
        claim = [self.api.project_id, 256, 768]
        with fixtures.MockPatch('nova.virt.libvirt.driver.LibvirtDriver.migrate_disk_and_power_off', return_value='{}'):
            self._migrate_server(server)
        migration = self.admin_api.api_get('/os-migrations').body['migrations'][0]['uuid']
        # What it leaves is held by the migration, of which libvirt knows no domain.
        self.assertEqual({migration: claim}, self.grants(source))
        self.assertEqual({server['id']: claim}, self.grants(destination))
        self._confirm_resize(server)
        self.assertEqual({}, self.grants(source))
        self.assertEqual({server['id']: claim}, self.grants(destination))

    def test_nova_can_delete_a_host_whose_provider_was_deleted(self) -> None:
        def providers() -> ty.Set[str]:
            found = self.placement.get('/resource_providers').body['resource_providers']
            return {provider['name'] for provider in found}

        self.agent('one')
        self.assertEqual({'one', 'one:hypertier', 'two'}, providers())
        self.agent('one', '--delete')
        self.computes['one'].stop()
        service, = self.admin_api.get_services(binary='nova-compute', host='one')
        self.admin_api.api_delete(f"/os-services/{service['id']}")
        self.assertEqual({'two'}, providers())
