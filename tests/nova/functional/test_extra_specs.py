# SPDX-License-Identifier: Apache-2.0
"""nova-api and nova-scheduler tell what is wrong with a flavor."""

from base import HyperTierTestBase
from base import TIERED
from nova.tests.functional.api import client as api_client
from oslo_utils import uuidutils


class ExtraSpecsTest(HyperTierTestBase):
    def rejected(self, **extra_specs: str) -> str:
        flavor = self._create_flavor(name='wrong')
        error = self.assertRaises(api_client.OpenStackApiException, self.admin_api.post_extra_spec, flavor, {
            'extra_specs': {name.replace('__', ':'): value for name, value in extra_specs.items()}})
        self.assertEqual(400, error.response.status_code)
        self.assertEqual({}, self.admin_api.get_extra_specs(flavor))
        self.admin_api.delete_flavor(flavor)
        return error.response.text

    def test_a_wrong_value_gives_400_and_the_reason(self) -> None:
        self.assertIn("'4GiB' is not a valid integer value", self.rejected(hypertier__fmem_max_mb='4GiB'))
        self.assertIn("'63' is less than the min value of '64'", self.rejected(hypertier__fmem_max_mb='63'))
        self.assertIn("'often' is not one of: auto, static, none", self.rejected(hypertier__policy='often'))
        self.assertIn("'0' is not of the format", self.rejected(hypertier__smem_shares='0'))
        self.assertIn("'0' is less than the min value of '1'", self.rejected(hypertier__migrate_mbps='0'))

    def test_an_unknown_key_gives_400_and_its_name(self) -> None:
        self.assertIn("'hypertier:fmem_mxa_mb' does not appear to be a valid extra spec",
                      self.rejected(hypertier__fmem_mxa_mb='512'))

    def test_a_right_flavor_is_taken_whole(self) -> None:
        self.assertEqual(TIERED, self.admin_api.get_extra_specs(self.flavor()))

    def test_a_server_of_a_contradictory_flavor_has_the_reason_in_its_fault(self) -> None:
        self.start_host('one')
        fault = self.refused(self.flavor(name='pinned', **{'hw.numa_nodes': '1', 'hw.mem_page_size': 'small'}))
        self.assertIn('flavor pinned: hw:mem_page_size=small: ', fault)
        self.assertIn("hw:numa_nodes=1: it gives the guest NUMA cells or a memory binding of nova's own", fault)
        locked = self.flavor(name='locked', **{'hw.mem_page_size': 'small', 'hw.locked_memory': 'true'})
        self.assertIn('hw:locked_memory=true: it pins all guest memory', self.refused(locked))
        self.assertIn('make them the same', self.refused(self.flavor(name='sum', memory_mb=2048)))
        below = self.flavor(name='below', **{'hypertier.fmem_max_mb': '128'})
        self.assertIn('hypertier:fmem_max_mb=128: it is below what is guaranteed, resources:CUSTOM_FMEM_MB=256; ',
                      self.refused(below))
        self.assertEqual([], self.xml)
        # Prometheus has nothing to say to that.
        self.assertEqual([], self.metrics.queries)

    def test_an_image_that_asks_for_numa_cells_is_refused_with_tiers(self) -> None:
        self.start_host('one')
        image = {**self.glance.auto_disk_config_enabled_image, 'id': uuidutils.generate_uuid()}
        image['properties'] = {**image['properties'], 'hw_numa_nodes': '1'}
        self.glance.create(None, image)
        server = self._create_server(image_uuid=image['id'], flavor_id=self.flavor(), networks='none',
                                     expected_state='ERROR')
        self.assertIn('No valid host', server['fault']['message'])
        self.assertIn("flavor and image together give the guest a NUMA topology", self.log.output)
