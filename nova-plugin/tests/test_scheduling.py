# SPDX-License-Identifier: Apache-2.0
from oslo_config import fixture as cfg_fixture

from nova import objects
from nova.scheduler import host_manager

from hypertier_nova import feedback
from hypertier_nova import figures
from hypertier_nova import filters
from hypertier_nova import scheduling
from hypertier_nova import weights


def test_a_flavor_whose_extra_specs_are_not_set_has_no_tiers() -> None:
    objects.register_all()
    spec = objects.RequestSpec(flavor=objects.Flavor(name='plain', memory_mb=512), numa_topology=None)
    assert scheduling.tiered_flavor(spec) is None
    assert filters.HyperTierFilter().host_passes(None, spec)
    assert weights.HyperTierWeigher()._weigh_object(None, spec) == 0.0


def test_a_host_is_found_by_novas_name_of_the_node_or_of_the_service(monkeypatch) -> None:
    def known(name: str) -> figures.HostFigures:
        host = figures.HostFigures()
        host.add(('scraped', '', ''), 100, 100)
        monkeypatch.setattr(scheduling, 'FEEDBACK', feedback.Feedback(lambda: {name: host}))
        return host

    state = host_manager.HostState('service', 'node.example', None)
    for name in ('node.example', 'service'):
        host = known(name)
        assert scheduling.host_figures(state) == (host, '')
    known('another')
    assert scheduling.host_figures(state) == (None, 'Prometheus knows no hypertierd on it (label instance)')


def test_a_mistake_in_fetching_lets_nobody_pass_but_by_fail_open(monkeypatch) -> None:
    def fetch() -> None:
        raise KeyError('a mistake')

    objects.register_all()
    state = host_manager.HostState('service', 'node.example', None)
    spec = objects.RequestSpec(
        project_id='acme', numa_topology=None, flavor=objects.Flavor(name='tiered', memory_mb=1024, extra_specs={
            'resources:CUSTOM_FMEM_MB': '256', 'resources:CUSTOM_SMEM_MB': '768',
            'trait:CUSTOM_HYPERTIER': 'required', 'hypertier:policy': 'auto'}))
    monkeypatch.setattr(scheduling, 'FEEDBACK', feedback.Feedback(fetch))
    assert not filters.HyperTierFilter().host_passes(state, spec)
    assert scheduling.host_figures(state) == (None, "the query of Prometheus failed: KeyError('a mistake')")
    with cfg_fixture.Config(scheduling.CONF) as conf:
        conf.config(fail_open=True, group='hypertier')
        assert filters.HyperTierFilter().host_passes(state, spec)
