# SPDX-License-Identifier: Apache-2.0
"""What the destination of a live migration is given."""

import typing as ty

import fixtures
from lxml import etree

from base import HyperTierTestBase
from nova.tests.functional.libvirt import base
from nova.virt.libvirt import migration


class LiveMigrationTest(base.LibvirtMigrationMixin, HyperTierTestBase):
    def setUp(self) -> None:
        super().setUp()
        for name in ('source', 'destination'):
            self.start_host(name)
        self.metrics.hosts['destination:9841']['charged__fmem'] = 1 << 30
        self.src, self.dest = self.computes['source'], self.computes['destination']
        self.sent: ty.List[str] = []
        self.made: ty.List[str] = []
        make = migration.get_updated_guest_xml

        def recorded(*args: ty.Any, **kwargs: ty.Any) -> str:
            self.made.append(make(*args, **kwargs))
            return self.made[-1]

        self.useFixture(fixtures.MonkeyPatch('nova.virt.libvirt.migration.get_updated_guest_xml', recorded))

    def _migrate_stub(self, domain: ty.Any, destination: str, params: ty.Dict[str, ty.Any], flags: int) -> None:
        self.sent.append(params['destination_xml'])
        super()._migrate_stub(domain, destination, params, flags)

    def migrate(self, flavor: str) -> str:
        """Boots a server on the source and migrates it; the XML that libvirt's destination is given."""
        self.server = self._create_server(flavor_id=flavor, networks='none', host='source')
        given = self.xml[-1]
        # The fake libvirt forgets what it does not know; the real one does not.
        with fixtures.MonkeyPatch('nova.tests.fixtures.libvirt.Domain.XMLDesc', lambda domain, flags: given):
            self._live_migrate(self.server)
        self.assertEqual('destination', self.host_of(self.server))
        return self.sent[-1]

    def test_a_tiered_server_keeps_cells_metadata_and_backing(self) -> None:
        sent = self.migrate(self.flavor())
        before, after = etree.fromstring(self.xml[-1]), etree.fromstring(sent)
        for path in ('cpu/numa', 'memoryBacking', 'metadata/{urn:hypertier:vm:1}vm', 'sysinfo', 'devices/memballoon'):
            found = [etree.tostring(domain.find(path), method='c14n', with_tail=False) for domain in (before, after)]
            self.assertEqual(*found)
        self.assertEqual('memfd', after.find('memoryBacking/source').get('type'))

    def test_a_plain_server_is_sent_as_nova_has_it(self) -> None:
        self.assertEqual(self.migrate(self.plain_flavor()), self.made[-1])
