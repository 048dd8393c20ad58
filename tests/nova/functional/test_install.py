# SPDX-License-Identifier: Apache-2.0
"""The package as it is installed."""

import os
import pathlib
import shutil
import subprocess
import sys

import fixtures
import testtools

import hypertier_nova
from hypertier_nova import conf
import nova

SITE = pathlib.Path(hypertier_nova.__file__).parents[1]


class InstallTest(testtools.TestCase):
    def test_it_is_the_installed_one_that_is_tested(self) -> None:
        self.assertEqual('site', SITE.name)

    def test_the_drivers_file_lies_below_nova_virt_and_nothing_of_novas_is_replaced(self) -> None:
        files = sorted(str(path.relative_to(SITE)) for path in (SITE / 'nova').rglob('*.py'))
        self.assertEqual(['nova/virt/hypertier/__init__.py'], files)

    def test_a_link_beside_novas_own_files_is_all_that_nova_needs_to_find_the_driver(self) -> None:
        # nova's package as it is, with the link that docs/openstack.md tells to make.
        packages = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        (packages / 'nova' / 'virt').mkdir(parents=True)
        for folder in ('.', 'virt'):
            for path in (pathlib.Path(nova.__file__).parent / folder).iterdir():
                if path.name not in ('virt', '__pycache__'):
                    (packages / 'nova' / folder / path.name).symlink_to(path)
        (packages / 'nova' / 'virt' / 'hypertier').symlink_to(SITE / 'nova' / 'virt' / 'hypertier')
        found = subprocess.check_output(
            [sys.executable, '-c', 'import nova, nova.virt.hypertier as ours; '
             'print(nova.__file__, ours.HyperTierDriver.__bases__)'],
            env={**os.environ, 'PYTHONPATH': f'{packages}:{SITE}'}, text=True)
        self.assertEqual(f"{packages}/nova/__init__.py (<class 'nova.virt.libvirt.driver.LibvirtDriver'>,)\n", found)

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
