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
from hypertier_nova.placement_agent import options
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
        self.assertIn('[hypertier_placement]', sample)
        for option in conf.list_opts()[0][1] + options.OWN_OPTS:
            self.assertTrue(option.help)
            self.assertIn(f'\n#{option.name} =', sample)
        # Those of keystoneauth, with our defaults.
        for line in ('#timeout = 10', '#service_type = placement', '#auth_url = <None>', '#password = <None>'):
            self.assertIn(f'\n{line}\n', sample)

    def test_nothing_that_runs_inside_nova_takes_grpc_along(self) -> None:
        modules = 'filters, weights, driver, extra_specs, flavor_command'
        found = subprocess.check_output(
            [sys.executable, '-c', f'import sys; from hypertier_nova import {modules}; print("grpc" in sys.modules)'],
            env={**os.environ, 'PYTHONPATH': str(SITE), 'OS_NOVA_DISABLE_EVENTLET_PATCHING': 'true'}, text=True)
        self.assertEqual('False\n', found)

    def test_without_compilers_all_but_the_agent_is_installed_and_that_says_so(self) -> None:
        folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        for name in ('source', 'proto'):
            shutil.copytree(SITE.parent / name, folder / name, ignore=shutil.ignore_patterns('build', '*.egg-info'))
        site = folder / 'site'
        subprocess.run(
            [sys.executable, '-m', 'pip', 'install', '--quiet', '--no-index', '--no-deps', '--no-build-isolation',
             '--root-user-action=ignore', '--target', site, folder / 'source'],
            env={'PATH': '/nonexistent'}, check=True)
        self.assertFalse((site / 'hypertier').exists())
        self.assertEqual(1, len(list(site.glob('hypertier_nova-*.dist-info'))))
        done = subprocess.run([sys.executable, site / 'bin' / 'hypertier-placement', '--help'], text=True,
                              env={'PYTHONPATH': str(site)}, stderr=subprocess.PIPE, check=False)
        self.assertEqual(1, done.returncode)
        self.assertIn('protobuf-compiler-grpc', done.stderr)
        self.assertNotIn('Traceback', done.stderr)

    def test_the_command_runs(self) -> None:
        done = subprocess.check_output([SITE / 'bin' / 'hypertier-flavor', 'create', 'x', '--vcpus', '1',
                                        '--ram', '1024', '--fmem-mb', '512', '--dry-run'], text=True)
        self.assertIn('openstack --os-compute-api-version 2.86 flavor set', done)
