# SPDX-License-Identifier: Apache-2.0
"""Virtual PEBS behaves as PEBS would, and the model counts what was done, so measurements with them mean something."""

import collections.abc
import json
import typing

import pytest

from lab.lab import Lab
from lab.vpebs import build
from lab.vpebs import counters
from lab.vpebs import guest

MIB = 1 << 20
CACHE = 256 << 10
Probe = collections.abc.Callable[..., dict[str, typing.Any]]

# What does not depend on the guest's kernel is tested on one.
one_kernel = pytest.mark.parametrize('vm', ['6.12'], indirect=True)


@pytest.fixture(params=['6.1', '6.12'])
def vm(lab: Lab, request: pytest.FixtureRequest) -> guest.VpebsVm:
    return guest.boot(lab, kernel=request.param, fmem='160MiB', smem='256MiB', balloon='none')


@pytest.fixture
def probe(vm: guest.VpebsVm) -> Probe:
    """probe('--option', ...): what the probe printed."""
    vm.load_pmu()
    vm.put_program(build.probe())
    return lambda *options: json.loads(vm.read('probe ' + ' '.join(options), timeout=300))


def test_samples_are_as_many_as_the_period_says_and_where_the_accesses_are(probe: Probe) -> None:
    found = probe('--accesses', str(2 * MIB), '--hot-bytes', str(32 * MIB), '--period', '509')
    # All but the share that is in the cache misses.
    assert found['count'] == pytest.approx(2 * MIB * (1 - CACHE / (32 * MIB)), rel=0.02)
    assert found['samples'] == pytest.approx(found['count'] / 509, abs=2)
    assert found['hot'] >= 0.95 * found['samples']
    assert found['own_tasks'] >= 0.95 * found['samples']
    assert found['least_weight'] >= 64
    for never in ('lost', 'ring_lost', 'lost_samples', 'no_address', 'wrong_op', 'kernel', 'backwards'):
        assert found[never] == 0, (never, found)
    assert found['sampled_seconds'] <= found['seconds'] * 1.05 + 0.1

    # Two tasks that share a CPU: each sample has the pid of the task whose memory it is about.
    found = probe('--tasks', '2', '--accesses', str(MIB), '--period', '509', '--hot-bytes', str(32 * MIB))
    assert found['samples'] == pytest.approx(found['count'] / 509, abs=2)
    assert found['hot'] >= 0.95 * found['samples']

    # Attached to one of them, there are no others.
    found = probe('--per-task', '--tasks', '2', '--accesses', str(MIB), '--period', '509')
    assert found['count'] == pytest.approx(MIB, rel=0.05)
    assert found['hot'] >= 0.95 * found['samples'] > 0

    # Stores count whether they miss or not.
    found = probe('--event', 'stores', '--accesses', str(4 * MIB), '--period', '65535', '--hot-bytes', str(32 * MIB))
    assert found['count'] == pytest.approx(4 * MIB, rel=0.01)
    assert found['samples'] == pytest.approx(found['count'] / 65535, abs=2)
    assert found['hot'] >= 0.95 * found['samples']
    assert found['wrong_op'] == 0
    # But it is told which the first cache took.
    assert found['first_level'] <= 0.05 * found['samples']
    found = probe('--event', 'stores', '--accesses', str(4 * MIB), '--period', '65535', '--hot-bytes', '8192')
    assert found['first_level'] >= 0.95 * found['samples'] > 0

    # Loads below the threshold do not count.
    assert probe('--threshold', '2000', '--accesses', str(MIB))['count'] == 0


def test_no_sample_is_lost_without_being_told(probe: Probe) -> None:
    # The ring between plugin and guest overflows: no context switch comes to read it.
    found = probe('--period', '1', '--accesses', '200000', '--pages', '4096')
    assert found['lost_samples'] > 0
    assert found['samples'] + found['lost_samples'] + found['ring_lost'] == found['count']
    # Perf's own ring overflows, since the probe reads it but once meanwhile.
    found = probe('--period', '64', '--accesses', str(MIB), '--pages', '1')
    assert found['lost'] > 0
    assert found['samples'] + found['lost_samples'] + found['ring_lost'] == pytest.approx(found['count'] / 64, abs=2)


@one_kernel
def test_records_have_no_address_where_the_host_would_hide_it(probe: Probe, vm: guest.VpebsVm) -> None:
    found = probe('--precise', '0', '--accesses', str(MIB), '--period', '509')
    assert found['no_address'] == found['samples'] > 0
    vm.run('echo 0 >/sys/module/vpebs/parameters/addresses')
    found = probe('--precise', '3', '--accesses', str(MIB), '--period', '509')
    assert found['no_address'] == found['samples'] > 0


@one_kernel
def test_the_model_charges_misses_to_the_tier_of_the_memory(vm: guest.VpebsVm) -> None:
    lines = {}
    for node, tier in enumerate(('fmem', 'smem')):
        before = vm.counters()
        # Fills 64 MiB, a store a line, and in one round checks and rewrites each line.
        vm.run(f'memhog --node {node} --bytes {64 * MIB} --rounds 1', timeout=300)
        after = vm.counters()
        spent = counters.added(after.total) - counters.added(before.total)
        lines[tier] = {name: spent.misses(name) for name in ('fmem', 'smem', 'other')}
        assert after.seconds(spent, 'dram+pmem') > after.seconds(spent, 'dram+cxl')
    # A clear of each line by the kernel, the fill, and the check: 3 MiB of lines; the rewrite hits.
    assert lines['fmem']['fmem'] >= 2 * 64 * MIB // 64
    assert lines['smem']['smem'] >= 2 * 64 * MIB // 64
    assert lines['smem']['smem'] > 5 * lines['fmem']['smem']
    assert lines['fmem']['other'] < 100000 and lines['smem']['other'] < 100000


@one_kernel
def test_a_workload_reports_the_modelled_cost_of_its_region(vm: guest.VpebsVm) -> None:
    vm.put_program(build.workload('gups'))
    words, updates = 32 * MIB // 8, MIB
    report = json.loads(vm.read(f'gups --pattern uniform --bytes {words * 8} --updates {updates}', timeout=300))
    snapshot = vm.counters()
    assert snapshot.regions_begun == snapshot.regions_ended == 1
    region = counters.added(snapshot.regions)
    misses = region.misses('fmem') + region.misses('smem')
    assert misses == pytest.approx(updates, rel=0.1)
    assert report['fmem_hit_ratio'] == pytest.approx(region.fmem_hit_ratio(), abs=1e-3)
    for profile, seconds in report['modelled_seconds'].items():
        assert seconds * report['threads'] == pytest.approx(snapshot.seconds(region, profile), rel=0.01)
