# SPDX-License-Identifier: Apache-2.0
"""The package as it is installed."""

import pathlib
import shutil
import subprocess

import testtools

import hypertier_nova
from hypertier_nova import conf

SITE = pathlib.Path(hypertier_nova.__file__).parents[1]


class InstallTest(testtools.TestCase):
    def test_it_is_the_installed_one_that_is_tested(self) -> None:
        self.assertEqual('site', SITE.name)

    def test_the_drivers_file_lies_below_nova_virt_and_nothing_of_novas_is_replaced(self) -> None:
        files = sorted(str(path.relative_to(SITE)) for path in (SITE / 'nova').rglob('*.py'))
        self.assertEqual(['nova/virt/hypertier/__init__.py'], files)

    def test_the_configuration_generator_shows_every_option(self) -> None:
        sample = subprocess.check_output(
            [shutil.which('oslo-config-generator'), '--namespace', 'hypertier_nova'], text=True)
        self.assertIn('[hypertier]', sample)
        for option in conf.list_opts()[0][1]:
            self.assertTrue(option.help)
            self.assertIn(f'\n#{option.name} =', sample)

    def test_the_command_runs(self) -> None:
        done = subprocess.check_output([SITE / 'bin' / 'hypertier-flavor', 'create', 'x', '--vcpus', '1',
                                        '--ram', '1024', '--fmem-mb', '512', '--dry-run'], text=True)
        self.assertIn('openstack flavor set', done)
