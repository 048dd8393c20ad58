# SPDX-License-Identifier: Apache-2.0
"""Nova with our filter, weigher and driver, compute nodes whose tiers placement knows, and metrics that are served."""

import logging
import pathlib
import time
import typing as ty

import packaged_nova  # noqa: F401: goes before nova

import fixtures
from served_metrics import host
from served_metrics import ServedMetrics

from hypertier_nova import feedback
from hypertier_nova import scheduling
from nova import conf
from nova.tests.functional.libvirt import base
from nova.virt.libvirt import guest

CONF = conf.CONF
TIERCTL = pathlib.Path(__file__).resolve().parents[3] / 'build' / 'release' / 'host-service' / 'tierctl' / 'tierctl'

# 1 GiB of RAM, a quarter of it fast.
TIERED = {
    'resources:CUSTOM_FMEM_MB': '256', 'resources:CUSTOM_SMEM_MB': '768', 'trait:CUSTOM_HYPERTIER': 'required',
    'hypertier:policy': 'auto', 'hypertier:qos_class': 'gold', 'hypertier:fmem_max_mb': '512',
    'hypertier:fmem_shares': '2'}


class HyperTierTestBase(base.ServersTestBase):
    ADMIN_API = True
    microversion = '2.86'
    COMPUTE_DRIVER = 'hypertier.HyperTierDriver'

    def setUp(self) -> None:
        self.metrics = ServedMetrics()
        self.flags(prometheus_url=self.metrics.url, tierctl=str(TIERCTL), timeout_seconds=2.0, group='hypertier')
        # Seconds that filter and weigher believe to have passed beyond those that have.
        self.later_s = 0.0
        # A cache of its own for each test.
        self.useFixture(fixtures.MonkeyPatch(
            'hypertier_nova.scheduling.FEEDBACK',
            feedback.Feedback(scheduling._fetch, lambda: time.monotonic() + self.later_s)))
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger('hypertier_nova', level=logging.DEBUG))
        self.addCleanup(self.metrics.close)
        for put in ('/resource_classes/CUSTOM_FMEM_MB', '/resource_classes/CUSTOM_SMEM_MB', '/traits/CUSTOM_HYPERTIER'):
            self.assertLess(self.placement.put(put, None, version='1.7').status, 300)
        # Domain XML as it was handed to libvirt, in order.
        self.xml: ty.List[str] = []
        create = guest.Guest.create
        self.useFixture(fixtures.MonkeyPatch(
            'nova.virt.libvirt.guest.Guest.create',
            lambda cls, xml, host: (self.xml.append(xml), create(xml, host))[1]))

    def _setup_compute_service(self) -> None:
        self.flags(compute_driver=self.COMPUTE_DRIVER)

    def _setup_scheduler_service(self):
        self.flags(
            available_filters=['nova.scheduler.filters.all_filters', 'hypertier_nova.filters.HyperTierFilter'],
            enabled_filters=['HyperTierFilter', *CONF.filter_scheduler.enabled_filters],
            weight_classes=['nova.scheduler.weights.all_weighers', 'hypertier_nova.weights.HyperTierWeigher'],
            group='filter_scheduler')
        return self.start_service('scheduler')

    def start_host(self, name: str, fmem_mb: int = 4096, smem_mb: int = 16384, **figures: ty.Any) -> None:
        """A compute node with the tiers in placement, as the placement agent will put them, and in served metrics."""
        self.start_compute(name)
        made = self.placement.post('/resource_providers', version='1.20', body={
            'name': f'{name}:hypertier', 'parent_provider_uuid': self.compute_rp_uuids[name]})
        self.assertEqual(200, made.status, made.body)
        provider = made.body['uuid']
        put = self.placement.put(f'/resource_providers/{provider}/inventories', version='1.20', body={
            'resource_provider_generation': 0, 'inventories': {
                'CUSTOM_FMEM_MB': {'total': fmem_mb}, 'CUSTOM_SMEM_MB': {'total': smem_mb}}})
        self.assertEqual(200, put.status, put.body)
        self._set_provider_traits(provider, ['CUSTOM_HYPERTIER'])
        self.metrics.hosts[f'{name}:9841'] = host(**figures)

    def flavor(self, name: str = 'tiered', memory_mb: int = 1024, **changes: ty.Optional[str]) -> str:
        """A tiered flavor, with some extra specs changed, or taken out (None); keys with . for :."""
        specs = {**TIERED, **{key.replace('.', ':', 1): value for key, value in changes.items()}}
        return self._create_flavor(name=name, memory_mb=memory_mb, disk=1, ephemeral=0,
                                   extra_spec={key: value for key, value in specs.items() if value is not None})

    def plain_flavor(self, **extra_specs: str) -> str:
        return self._create_flavor(name='plain', memory_mb=512, disk=1, ephemeral=0, extra_spec=extra_specs or None)

    def boot(self, flavor: str, expected_state: str = 'ACTIVE') -> ty.Dict[str, ty.Any]:
        return self._create_server(flavor_id=flavor, networks='none', expected_state=expected_state)

    def host_of(self, server: ty.Dict[str, ty.Any]) -> str:
        return self.admin_api.get_server(server['id'])['OS-EXT-SRV-ATTR:host']

    def refused(self, flavor: str) -> str:
        """Boots a server that no host takes; the message of its fault."""
        fault = self.boot(flavor, 'ERROR')['fault']['message']
        self.assertIn('No valid host was found', fault)
        return fault

    def forget(self) -> None:
        """Figures are fetched again at the next request."""
        self.later_s += CONF.hypertier.cache_seconds
