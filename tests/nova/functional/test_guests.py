# SPDX-License-Identifier: Apache-2.0
"""What libvirt is given for servers with and without tiers."""

import pathlib
import re
import subprocess
import typing as ty

import fixtures
from lxml import etree

from base import CONF
from base import HyperTierTestBase
from base import TIERCTL
from nova.virt.libvirt import driver

NAMESPACES = {'h': 'urn:hypertier:vm:1'}
OTHER_IMAGE = 'a2459075-d96c-40d5-893e-577ff92e721c'


class GuestsTest(HyperTierTestBase):
    def setUp(self) -> None:
        super().setUp()
        self.start_host('one')
        # What nova's own driver makes of it, before ours.
        self.stock: ty.List[str] = []
        make = driver.LibvirtDriver._get_guest_xml

        def recorded(*args: ty.Any, **kwargs: ty.Any) -> str:
            self.stock.append(make(*args, **kwargs))
            return self.stock[-1]

        self.useFixture(fixtures.MonkeyPatch('nova.virt.libvirt.driver.LibvirtDriver._get_guest_xml', recorded))

    def assert_tiers(self, xml: str, fmem_mb: int, smem_mb: int, fmem_max_mb: int, **attributes: str) -> None:
        domain = etree.fromstring(xml)
        cells = domain.findall('cpu/numa/cell')
        self.assertEqual([('0', '0-1', str(fmem_max_mb << 10)), ('1', None, str(smem_mb << 10))],
                         [(cell.get('id'), cell.get('cpus'), cell.get('memory')) for cell in cells])
        self.assertEqual(str((fmem_max_mb + smem_mb) << 10), domain.findtext('memory'))
        self.assertEqual(str((fmem_mb + smem_mb) << 10), domain.findtext('currentMemory'))
        self.assertEqual('on', domain.find('devices/memballoon').get('freePageReporting'))
        self.assertIsNotNone(domain.find('devices/channel/target[@name="org.hypertier.agent.0"]'))
        said = domain.findall('metadata/h:vm', NAMESPACES)
        self.assertEqual(1, len(said))
        self.assertEqual({'tenant': self.api.project_id, **attributes}, dict(said[0].attrib))
        self.assertEqual({'reservation': f'{fmem_mb}MiB', 'limit': f'{fmem_max_mb}MiB', 'shares': '2'},
                         dict(said[0].find('h:fmem', NAMESPACES).attrib))
        self.assertEqual({'reservation': f'{smem_mb}MiB', 'limit': f'{smem_mb}MiB'},
                         dict(said[0].find('h:smem', NAMESPACES).attrib))

    def test_a_tiered_server_keeps_its_tiers_over_hard_reboot_rebuild_and_rescue(self) -> None:
        server = self.boot(self.flavor())
        self._reboot_server(server, hard=True)
        # It is rebuilt where it is, however that host fares.
        self.metrics.hosts['one:9841']['maintenance'] = 1
        self.forget()
        self._rebuild_server(server, OTHER_IMAGE)
        # Where the image would have been put.
        (pathlib.Path(CONF.instances_path) / server['id']).mkdir()
        self.admin_api.post_server_action(server['id'], {'rescue': {}})
        self._wait_for_state_change(server, 'RESCUE')
        self.assertEqual(4, len(self.xml))
        for xml in self.xml:
            self.assert_tiers(xml, 256, 768, 512, mode='auto', **{'class': 'gold'})
        self.assertEqual(4, len(self.stock))

    def test_a_resize_gives_the_tiers_of_the_new_flavor_and_its_revert_the_old_ones(self) -> None:
        self.flags(allow_resize_to_same_host=True)
        self.start_host('two')
        small = self.flavor()
        big = self.flavor(name='big', memory_mb=2048, **{
            'resources.CUSTOM_FMEM_MB': '512', 'resources.CUSTOM_SMEM_MB': '1536', 'hypertier.fmem_max_mb': '640',
            'hypertier.policy': 'static', 'hypertier.qos_class': None, 'hypertier.migrate_mbps': '64'})
        server = self.boot(small)
        self.useFixture(fixtures.MockPatch('nova.virt.libvirt.driver.LibvirtDriver.migrate_disk_and_power_off',
                                           return_value='{}'))
        self._resize_server(server, big)
        self.assert_tiers(self.xml[-1], 512, 1536, 640, mode='static', **{'move-rate': '64MiB'})
        self._revert_resize(server)
        self.assert_tiers(self.xml[-1], 256, 768, 512, mode='auto', **{'class': 'gold'})
        self.assertEqual(3, len(self.xml))

    def test_the_shape_is_that_of_tierctl(self) -> None:
        self.flags(fmem_nodes='0', smem_nodes='1-2', group='hypertier')
        self.boot(self.flavor())
        by_hand = subprocess.check_output(
            [str(TIERCTL), 'domain-xml', '--fmem-cell=512MiB', '--fmem-target=256MiB', '--smem-cell=768MiB',
             '--fmem-node=0', '--smem-node=1-2', '-'], input=self.stock[-1].encode())

        def without_ours(xml: ty.Union[str, bytes]) -> bytes:
            domain = etree.fromstring(xml, etree.XMLParser(remove_blank_text=True))
            for said in domain.findall('metadata/h:vm', NAMESPACES):
                said.getparent().remove(said)
            return etree.tostring(domain, method='c14n')

        self.assertEqual(without_ours(by_hand), without_ours(self.xml[-1]))
        self.assertIn('nodeset="1-2"', self.xml[-1])

    def test_a_plain_server_is_the_same_byte_for_byte_with_and_without_our_driver(self) -> None:
        left_alone = {'hypertier.policy': 'none', 'hw.numa_nodes': '1', 'resources.CUSTOM_FMEM_MB': '1024'}
        rest = ('resources.CUSTOM_SMEM_MB', 'hypertier.qos_class', 'hypertier.fmem_max_mb', 'hypertier.fmem_shares')
        for flavor in (self.plain_flavor(), self.flavor(**left_alone, **dict.fromkeys(rest))):
            server = self.boot(flavor)
            self._reboot_server(server, hard=True)
            with_ours = self.xml[-1]
            self.assertEqual(self.stock[-1], with_ours)
            computes_driver = self.computes['one'].driver
            ours = computes_driver.__class__
            self.assertEqual('HyperTierDriver', ours.__name__)
            computes_driver.__class__ = driver.LibvirtDriver
            self._reboot_server(server, hard=True)
            computes_driver.__class__ = ours
            without, ours_again = (re.sub('(?<=<nova:creationTime>).*', '', xml) for xml in (self.xml[-1], with_ours))
            self.assertEqual(without, ours_again)

    def test_what_tierctl_refuses_is_told_and_no_other_host_tried(self) -> None:
        self.start_host('two')
        self.flags(file_backed_memory=8192, group='libvirt')
        self.flags(ram_allocation_ratio=1.0)
        server = self.boot(self.flavor(), 'ERROR')
        self.assertIn("<memoryBacking><allocation mode='immediate'>", server['fault']['message'])
        self.assertIn("use mode='ondemand'", server['fault']['message'])
        self.assertEqual(1, len(self.stock))

    def test_without_tierctl_another_host_is_tried_and_plain_servers_start(self) -> None:
        self.start_host('two')
        self.flags(tierctl='/nonexistent/tierctl', group='hypertier')
        self.boot(self.flavor(), 'ERROR')
        self.assertEqual(2, len(self.stock))
        self.assertIn('[hypertier] tierctl=/nonexistent/tierctl does not run', self.stdlog.logger.output)
        self.boot(self.plain_flavor())
