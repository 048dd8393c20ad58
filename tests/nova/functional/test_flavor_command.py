# SPDX-License-Identifier: Apache-2.0
"""hypertier-flavor against nova's API."""

import io
import typing as ty

import fixtures

from base import HyperTierTestBase
from hypertier_nova import flavor_command


class FlavorCommandTest(HyperTierTestBase):
    def run_command(self, *argv: str) -> ty.Tuple[int, str, str]:
        # keystone's part: nova's test API takes these headers for its word.
        for name, value in {'AUTH_TYPE': 'admin_token', 'TOKEN': 'any', 'ENDPOINT': self.admin_api.base_url}.items():
            self.useFixture(fixtures.EnvironmentVariable(f'OS_{name}', value))
        self.useFixture(fixtures.MonkeyPatch('keystoneauth1.token_endpoint.Token.get_headers', lambda *args: {
            'X-Auth-User': 'admin', 'X-Auth-Project-Id': self.api.project_id, 'X-Roles': 'reader,member,admin'}))
        out, err = io.StringIO(), io.StringIO()
        with fixtures.MonkeyPatch('sys.stdout', out), fixtures.MonkeyPatch('sys.stderr', err):
            code = flavor_command.main(argv)
        return code, out.getvalue(), err.getvalue()

    def test_a_flavor_is_made_checked_and_boots(self) -> None:
        code, out, err = self.run_command('create', 'gold.1c1g', '--vcpus', '1', '--ram', '1024', '--disk', '1',
                                          '--fmem-ratio', '0.25', '--fmem-max-mb', '512', '--qos-class', 'gold')
        self.assertEqual((0, ''), (code, err))
        self.assertIn('resources:CUSTOM_FMEM_MB=256\n', out)
        self.assertEqual((0, '1 checked, 0 wrong\n', ''), self.run_command('check', 'gold.1c1g'))
        made, = (flavor for flavor in self.admin_api.get_flavors() if flavor['name'] == 'gold.1c1g')
        self.assertEqual({
            'resources:CUSTOM_FMEM_MB': '256', 'resources:CUSTOM_SMEM_MB': '768', 'trait:CUSTOM_HYPERTIER': 'required',
            'hypertier:fmem_max_mb': '512', 'hypertier:qos_class': 'gold', 'hypertier:policy': 'auto',
        }, self.admin_api.get_extra_specs(made['id']))
        self.start_host('one')
        self.boot(made['id'])

    def test_wrong_flavors_are_found_among_all(self) -> None:
        self.plain_flavor()
        self.flavor(name='good')
        self.flavor(name='untrusty', **{'trait.CUSTOM_HYPERTIER': None})
        self.flavor(name='numa', **{'hw.numa_nodes': '1'})
        code, out, _ = self.run_command('check', '--all')
        self.assertEqual(1, code)
        self.assertIn('untrusty: trait:CUSTOM_HYPERTIER: without it', out)
        self.assertIn('numa: hw:numa_nodes=1: it gives', out)
        self.assertRegex(out, r'\d+ checked, 2 wrong\n')
        self.assertNotIn('good', out)

    def test_the_clouds_refusals_are_told(self) -> None:
        code, _, err = self.run_command('check', 'nonesuch')
        self.assertEqual(3, code)
        self.assertIn('nonesuch', err)
        create = ('create', 'twice', '--vcpus', '1', '--ram', '1024', '--fmem-mb', '256')
        self.assertEqual(0, self.run_command(*create)[0])
        code, _, err = self.run_command(*create)
        self.assertEqual(3, code)
        self.assertIn('twice already exists', err)
