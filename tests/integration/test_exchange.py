# SPDX-License-Identifier: Apache-2.0
"""hyperplace.ko on a real kernel: pages change places, and nothing else changes."""

import json
import re
import typing

import pytest

from integration import hyperplace
from lab.lab import Lab
from lab.vm import Vm

KERNELS = ('6.1', '6.12')
# What Debian's kernels have of a debug kernel's checks: of pages and slab objects, when freed and when used again.
CHECKS = 'page_poison=1 slub_debug=FZP'
# Or else each interrupt flushes the TLB, and a flush that was forgotten does not show.
NO_MITIGATIONS = 'mitigations=off'
# What these say beside what the lab looks for itself.
COMPLAINT = re.compile(r'pagealloc: |\bBUG \S+ \(')
PAIRS = 100_000
# What may differ before and after: pages of a tier, of which PAIRS were exchanged, and objects of a kind.
PAGES, OBJECTS = 256, 4

SETUP = '''
    modprobe zram num_devices=2
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
    echo +memory >/sys/fs/cgroup/cgroup.subtree_control
    mkdir /sys/fs/cgroup/victim0 /sys/fs/cgroup/victim1
    echo 1 >/sys/kernel/mm/ksm/run
    echo 1000 >/sys/kernel/mm/transparent_hugepage/khugepaged/scan_sleep_millisecs
'''
STRESS = '''
    echo 128M >/sys/block/zram0/disksize
    echo 2M >/sys/block/zram1/disksize
    mkswap /dev/zram0 >/dev/null
    swapon /dev/zram0
    exchange_stress --disk /dev/zram1 --cgroups /sys/fs/cgroup --seconds 500 --pairs {pairs}
    status=$?
    swapoff /dev/zram0
    for device in zram0 zram1; do echo 1 >/sys/block/$device/reset; done
    exit $status
'''
# The kernel gives back what it keeps for later.
SETTLE = '''
    sync
    echo 3 >/proc/sys/vm/drop_caches
    echo 1 >/proc/sys/vm/compact_memory
    for slab in /sys/kernel/slab/*/shrink; do echo 1 >$slab; done
    echo 1 >/proc/sys/vm/stat_refresh
'''

FEATURES = ('exchange', 'exchange-2M', 'scan', 'scan-flush')
BOTH = FEATURES[:2]
# What is lost with each function that the kernel does not export.
NEEDED_BY = {
    'kallsyms_lookup_name': FEATURES,
    'mm_access': FEATURES,
    'arch_tlbbatch_flush': (*BOTH, 'scan-flush'),
    'folio_isolate_lru': BOTH,
    '__put_anon_vma': BOTH,
    'remove_migration_ptes': BOTH,
    'swap_migration_ad_supported': BOTH,
    'lru_add_drain_all': (),
}
NEEDED_BY_KERNEL = {
    '6.1': {'page_remove_rmap': BOTH},
    '6.12': {'folio_remove_rmap_ptes': BOTH, 'folio_remove_rmap_pmd': BOTH[1:], 'deferred_split_folio': BOTH[1:],
             '__folio_unqueue_deferred_split': BOTH[1:]},
}


def guest(lab: Lab, kernel: str, faults: bool = False, checks: str = '') -> Vm:
    # A loaded machine may leave one of four emulated processors alone for a while, which is no lockup yet.
    vm = lab.vm(kernel=kernel, fmem='384MiB', smem='384MiB', vcpus=4, balloon='none',
                cmdline=f'numa_balancing=disable watchdog_thresh=60 {checks}'.strip())
    hyperplace.load(vm, faults)
    for program in ('exchange_check', 'exchange_stress', 'exchange_bench', 'features_check', 'scan_check'):
        hyperplace.put_program(vm, program)
    return vm


def stress(vm: Vm, pairs: int) -> dict[str, typing.Any]:
    """Exchanges so many pairs under fire, without one wrong word; what the program reports."""
    result = vm.run(STRESS.format(pairs=pairs), timeout=600, check=False)
    assert result.status == 0, result.stdout[-3000:] + result.stderr
    report = json.loads(result.stdout.splitlines()[-1])
    print(vm.options.kernel, report)
    return report


def held(vm: Vm) -> dict[str, int]:
    """What a leak would change: free pages of each tier, and objects that are kept for pages and processes."""
    vm.run(SETTLE)
    found = {'fmem': 0, 'smem': 0}
    for node, zone in re.findall(r'^Node (\d), zone(.*?)(?=^Node|\Z)', vm.read('cat /proc/zoneinfo'), re.M | re.S):
        # Those on lists of processors are free too.
        counts = re.findall(r'^ +(?:nr_free_pages|count:) +(\d+)', zone, re.M)
        found[('fmem', 'smem')[int(node)]] += sum(int(count) for count in counts)
    for kind in ('anon_vma', 'mm_struct'):
        found[kind] = int(vm.read(f'cat /sys/kernel/slab/{kind}/objects').split()[0])
    return found


def assert_nothing_lost(vm: Vm, before: dict[str, int]) -> None:
    """No page, no reference, no page off the kernel's lists, nothing charged to a cgroup that has nothing."""
    after = held(vm)
    print(vm.options.kernel, before, after)
    for what, count in after.items():
        assert abs(count - before[what]) <= (PAGES if what in ('fmem', 'smem') else OBJECTS), (what, before, after)
    assert vm.read("grep -h nr_isolated /proc/vmstat | cut -d ' ' -f 2").split() == ['0', '0']
    for number in (0, 1):
        assert vm.read(f"sed -n 's/^anon //p' /sys/fs/cgroup/victim{number}/memory.stat") == '0'
    assert not COMPLAINT.search(vm.console.text())


@pytest.mark.parametrize('kernel', KERNELS)
@pytest.mark.parametrize('program', ['exchange_check', 'scan_check'])
def test_every_promise_of_the_abi(lab: Lab, kernel: str, program: str) -> None:
    vm = guest(lab, kernel)
    result = vm.run(program, timeout=300, check=False)
    assert result.status == 0 and 'FAIL' not in result.stdout, result.stdout + result.stderr


@pytest.mark.parametrize('kernel', KERNELS)
def test_a_batch_of_512_sends_at_most_four_flushes(lab: Lab, kernel: str) -> None:
    vm = guest(lab, kernel)
    trace = '/sys/kernel/tracing'
    # Reason 4 is a flush sent to other processors. The caller's own are those of its system calls.
    vm.run(f"echo 'reason == 4' >{trace}/events/tlb/tlb_flush/filter; echo 1 >{trace}/events/tlb/tlb_flush/enable")
    vm.run(f'echo >{trace}/trace')
    bench = vm.read('exchange_bench --pairs 2048 --rounds 1 --touch --only-exchange', timeout=600)
    traced = int(vm.read(f"grep -c 'exchange_bench.*tlb_flush' {trace}/trace || true"))
    # Two ways of four batches; the rest is what the program does beside: mmap, mprotect, its second thread.
    # No move_pages, so some of its figures are infinite, which JSON does not have.
    assert float(re.search(r'"flushes_per_batch": ([0-9.]+)', bench)[1]) <= 4
    assert 0 < traced <= 4 * 8


@pytest.mark.parametrize('kernel', KERNELS)
def test_a_hundred_thousand_pairs_change_places_under_fire(lab: Lab, kernel: str) -> None:
    vm = guest(lab, kernel, checks=f'{CHECKS} {NO_MITIGATIONS}')
    vm.run(SETUP)
    stress(vm, 1000)    # once, so that all that is allocated but once is there
    before = held(vm)
    report = stress(vm, PAIRS)
    assert_nothing_lost(vm, before)
    assert report['pairs'] >= PAIRS and report['huge_pairs'] and report['pairs_of_two_processes']
    assert all(report['operations'].values())
    # It did meet pages in use: by a pipe or a device, by a child.
    assert report['refused']['pinned'] and report['refused']['shared']
    # In detail: exchange_stress.c, most_flushes().
    assert report['small_calls_beyond_bound'] == report['huge_calls_beyond_bound'] == 0
    assert report['small_flushes'] <= 4 * report['small_calls']


@pytest.mark.parametrize('kernel', KERNELS)
def test_each_point_of_failure_fails_and_nothing_is_lost(lab: Lab, kernel: str) -> None:
    vm = guest(lab, kernel, faults=True, checks=f'{CHECKS} {NO_MITIGATIONS}')
    vm.run(SETUP)
    stress(vm, 1000)
    before = held(vm)
    # Primes, so that no two stay in step; the later the point, the fewer get there.
    hyperplace.fail(vm, dict(zip(hyperplace.FAULTS, (17, 13, 41, 37, 31, 29, 23, 19, 11, 7), strict=True)))
    report = stress(vm, 10_000)
    hyperplace.fail(vm, {})
    hits = hyperplace.hits(vm)
    print(hits)
    assert all(hits.values()), hits
    assert report['no_memory'] == hits['no_memory']
    assert report['small_calls_beyond_bound'] == report['huge_calls_beyond_bound'] == 0
    assert_nothing_lost(vm, before)


@pytest.mark.parametrize('kernel', KERNELS)
def test_a_missing_symbol_costs_the_features_that_need_it(lab: Lab, kernel: str) -> None:
    vm = guest(lab, kernel, faults=True)
    assert vm.read('features_check').splitlines() == [f'{feature} yes' for feature in FEATURES]
    for symbol, lost in {**NEEDED_BY, **NEEDED_BY_KERNEL[kernel]}.items():
        vm.run('dmesg -c')
        hyperplace.load_without(vm, symbol)
        log = vm.read('dmesg')
        if symbol == 'kallsyms_lookup_name':
            assert "hyperplace: cannot look up the kernel's symbols (error -2): no feature works" in log
        else:
            assert f'hyperplace: this kernel has no {symbol}\n' in log + '\n'
            assert ('features lost: ' + ' '.join(lost) in log) == bool(lost), log
        # It compares what the module says with what it does.
        expected = [f'{feature} {"no: Operation not supported" if feature in lost else "yes"}' for feature in FEATURES]
        assert vm.read('features_check').splitlines() == expected, symbol
    hyperplace.load_without(vm)
    assert 'no' not in vm.read('features_check')


@pytest.mark.parametrize('kernel', KERNELS)
def test_unloading_waits_for_users_and_killed_users_lose_nothing(lab: Lab, kernel: str) -> None:
    vm = guest(lab, kernel, checks=CHECKS)    # with checks, objects are counted exactly
    vm.run(SETUP)
    stress(vm, 1000)
    before = held(vm)
    user = vm.start('exec exchange_stress --cgroups /sys/fs/cgroup')
    user.wait_for('"pairs": ')
    for _ in range(5):
        refused = vm.run('rmmod hyperplace', check=False)
        assert refused.status != 0 and "can't unload" in refused.stderr, refused
    user.kill()    # in the middle of calls, and its victims with it
    user.wait()
    # A task that ends is not seen any more before it has closed its files.
    vm.run('while pidof exchange_stress || ! rmmod hyperplace; do sleep 0.1; done')
    assert_nothing_lost(vm, before)
    without = vm.run('features_check', check=False)
    assert without.status == 2 and 'cannot open /dev/hyperplace (No such file or directory)' in without.stderr
    vm.run(f'insmod {hyperplace.MODULE}')
    assert 'no' not in vm.read('features_check')
