# SPDX-License-Identifier: Apache-2.0
"""Filter and weigher choose among hosts as served metrics tell."""

import time

from base import HyperTierTestBase
from hypertier_nova import query
from hypertier_nova import scheduling
from served_metrics import GIB
from served_metrics import host


class SchedulingTest(HyperTierTestBase):
    def setUp(self) -> None:
        super().setUp()
        # Nobody but ours weighs.
        self.flags(ram_weight_multiplier=0.0, cpu_weight_multiplier=0.0, disk_weight_multiplier=0.0,
                   io_ops_weight_multiplier=0.0, group='filter_scheduler')
        for name in ('one', 'two', 'three'):
            self.start_host(name)

    def figures(self, name: str, **changes) -> None:
        self.metrics.hosts[f'{name}:9841'].update(changes)
        self.forget()

    def test_the_host_under_least_pressure_gets_the_server(self) -> None:
        tiered = self.flavor()
        for name in ('two', 'three', 'one'):
            for other in self.computes:
                self.figures(other, charged__fmem=32 * GIB)
            self.figures(name, charged__fmem=16 * GIB)
            self.assertEqual(name, self.host_of(self.boot(tiered)))
        # Of equal room, the one that serves its VMs well, and misses no reservation.
        for other in self.computes:
            self.figures(other, charged__fmem=16 * GIB, hit_ratio=0.7)
        self.figures('two', hit_ratio=0.9)
        self.assertEqual('two', self.host_of(self.boot(tiered)))
        self.figures('two', missing__fmem=32 * GIB)
        self.figures('three', burst__fmem=16 * GIB)
        self.assertEqual('three', self.host_of(self.boot(tiered)))
        self.assertEqual({query.DEFAULT_QUERY}, set(self.metrics.queries))

    def test_a_negative_multiplier_packs_and_an_aggregate_overrides_it(self) -> None:
        tiered = self.flavor()
        self.figures('one', charged__fmem=10 * GIB)
        self.figures('two', charged__fmem=20 * GIB)
        self.figures('three', charged__fmem=30 * GIB)
        self.assertEqual('one', self.host_of(self.boot(tiered)))
        self.flags(weight_multiplier=-1.0, group='hypertier')
        self.assertEqual('three', self.host_of(self.boot(tiered)))
        aggregate = self.admin_api.post_aggregate({'aggregate': {'name': 'preferred'}})
        self.admin_api.add_host_to_aggregate(aggregate['id'], 'two')
        self.admin_api.post_aggregate_action(
            aggregate['id'], {'set_metadata': {'metadata': {'hypertier_weight_multiplier': '5'}}})
        self.assertEqual('two', self.host_of(self.boot(tiered)))

    def test_each_refusal_is_told_with_its_reason(self) -> None:
        self.figures('one', maintenance=1)
        self.figures('two', degraded=1)
        self.figures('three', reserved__fmem=64 * GIB - 1)
        fault = self.refused(self.flavor())
        self.assertNotIn('flavor', fault)
        log = self.log.output
        self.assertRegex(log, r'one.* refused: it is in maintenance')
        self.assertRegex(log, r'two.* refused: hypertierd there is degraded')
        self.assertRegex(log, r'three.* refused: fmem: 65792 MiB would be reserved on the host, which has 65536 MiB')
        # One query for three hosts.
        self.assertEqual(1, len(self.metrics.queries))

    def test_a_host_that_cannot_admit_it_is_passed_over(self) -> None:
        tiered = self.flavor()
        project = self.api.project_id
        self.figures('one', maintenance=1)
        self.figures('two', **{f'tenant_limit__fmem__{project}': 200 << 20})
        self.assertEqual('three', self.host_of(self.boot(tiered)))
        self.figures('one', maintenance=0)
        self.figures('three', reserved__smem=256 * GIB)
        self.assertEqual('one', self.host_of(self.boot(tiered)))

    def test_a_stale_host_is_refused_and_let_in_by_fail_open(self) -> None:
        tiered = self.flavor()
        self.metrics.ages_s = {'one:9841': 30, 'two:9841': 70, 'three:9841': 3600}
        self.assertEqual('one', self.host_of(self.boot(tiered)))
        self.metrics.ages_s['one:9841'] = 65
        self.forget()
        self.refused(tiered)
        self.assertRegex(self.log.output, r'two.* refused: its figures are 7\d s old, max_age_seconds is 60')
        self.flags(max_age_seconds=600.0, group='hypertier')
        self.assertIn(self.host_of(self.boot(tiered)), ('one', 'two'))
        self.flags(max_age_seconds=60.0, fail_open=True, group='hypertier')
        self.boot(tiered)

    def test_a_host_that_prometheus_does_not_know_is_refused(self) -> None:
        for name in ('one', 'three'):
            del self.metrics.hosts[f'{name}:9841']
        self.assertEqual('two', self.host_of(self.boot(self.flavor())))
        self.assertIn('Prometheus knows no hypertierd on it (label instance)', self.log.output)

    def test_a_host_that_an_answer_lacks_takes_servers_until_its_figures_are_too_old(self) -> None:
        tiered = self.flavor()
        self.boot(tiered)
        # One scrape has failed, and Prometheus tells nothing of it; the two others take nobody.
        del self.metrics.hosts['one:9841']
        self.figures('two', maintenance=1)
        self.figures('three', maintenance=1)
        self.assertEqual('one', self.host_of(self.boot(tiered)))
        self.later_s += 30
        self.assertEqual('one', self.host_of(self.boot(tiered)))
        self.assertNotIn('knows no hypertierd', self.log.output)
        self.later_s += 31
        self.refused(tiered)
        self.assertRegex(self.log.output, r'one.* refused: Prometheus knows no hypertierd on it')
        self.metrics.hosts['one:9841'] = host()
        self.forget()
        self.assertEqual('one', self.host_of(self.boot(tiered)))

    def test_so_does_the_last_host_of_all(self) -> None:
        tiered = self.flavor()
        self.boot(tiered)
        self.metrics.hosts.clear()
        self.later_s += 30
        self.boot(tiered)
        self.later_s += 31
        self.refused(tiered)
        self.assertRegex(self.log.output, r'refused: its figures are \d+ s old, max_age_seconds is 60; .*no sample')

    def test_figures_in_hand_are_used_until_they_are_too_old(self) -> None:
        tiered = self.flavor()
        self.boot(tiered)
        self.metrics.status = 503
        self.later_s += 30
        self.boot(tiered)
        self.later_s += 31
        self.refused(tiered)
        self.assertIn('HTTP Error 503', self.log.output)
        # And without anybody's help it goes on.
        self.metrics.status = 200
        self.forget()
        self.boot(tiered)

    def test_without_prometheus_fail_open_decides_and_plain_servers_start(self) -> None:
        tiered, plain = self.flavor(), self.plain_flavor()
        self.flags(prometheus_url='http://127.0.0.1:1', group='hypertier')
        self.refused(tiered)
        self.boot(plain)
        self.flags(fail_open=True, group='hypertier')
        self.boot(tiered)
        self.assertIn('passes by fail_open', self.log.output)

    def test_a_hanging_prometheus_holds_a_request_up_for_its_bound_once(self) -> None:
        tiered = self.flavor()
        self.metrics.delay_s = 30
        self.flags(timeout_seconds=3.0, cache_seconds=60.0, fail_open=True, group='hypertier')
        started = time.monotonic()
        # Three hosts, filter and weigher.
        self.boot(tiered)
        self.assertLess(time.monotonic() - started, 12)
        self.assertEqual(1, len(self.metrics.queries))
        self.assertRegex(self.log.output, 'Prometheus does not answer within 3 s|timed out')

    def test_for_plain_servers_nothing_is_asked(self) -> None:
        self.boot(self.plain_flavor(**{'hw:numa_nodes': '1'}))
        self.assertEqual([], self.metrics.queries)
        self.assertIsNone(scheduling.FEEDBACK._tried_at)

    def test_what_no_host_can_reserve_gets_no_host_from_placement(self) -> None:
        big = self.flavor(memory_mb=4608, **{
            'resources.CUSTOM_FMEM_MB': '4098', 'resources.CUSTOM_SMEM_MB': '510', 'hypertier.fmem_max_mb': None})
        self.refused(big)
        self.assertEqual([], self.metrics.queries)
        # And what the first one holds, the second cannot have.
        half = self.flavor(name='half', memory_mb=3072, **{
            'resources.CUSTOM_FMEM_MB': '2560', 'resources.CUSTOM_SMEM_MB': '512', 'hypertier.fmem_max_mb': None})
        servers = [self.boot(half) for _ in self.computes]
        self.assertEqual(set(self.computes), {self.host_of(server) for server in servers})
        self.refused(half)
        self._delete_server(servers[0])
        self.boot(half)
