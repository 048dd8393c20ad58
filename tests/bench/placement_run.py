# SPDX-License-Identifier: Apache-2.0
"""One run: boots guests, runs a workload under a design in each, and tells what that cost."""

import collections.abc
import concurrent.futures
import dataclasses
import json
import re
import threading
import time
import typing

from bench import placement_designs
from bench import placement_memory
from bench.placement_workloads import Workload
from lab import errors
from lab.lab import Lab
from lab.vpebs import counters
from lab.vpebs import guest

KERNEL = '6.12'
SAMPLE_SECONDS = 0.5
RUN_SECONDS = 900
# Threads of the kernel that do nothing but tiering here; of the agent all.
TIERING_THREADS = 'kswapd*|kdamond*|kcompactd*|khugepaged*|hypertier*|placement*'
VMSTAT = re.compile(r'^(numa_(?:pte_updates|hint_faults|pages_migrated)|pgpromote\w*|pgdemote\w*|pgmigrate\w*|'
                    r'thp_migration\w*|pgfault|compact_\w*) (\d+)$', re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Case:
    """What is run."""
    workload: Workload
    # Makes the design, one for each guest.
    design: collections.abc.Callable[[], placement_designs.Design]
    # FMEM in percent of the workload's footprint.
    fmem: int
    footprint: int
    warmup_seconds: int
    vcpus: int = 2
    vms: int = 1

    @property
    def usable(self) -> int:
        return self.footprint * self.fmem // 100


class Convergence(threading.Thread):
    """Samples cumulative misses by tier while the workload runs."""

    def __init__(self, vm: guest.VpebsVm) -> None:
        super().__init__(daemon=True)
        self._vm = vm
        self._ending = threading.Event()
        self._begun = time.monotonic()
        # Seconds, misses served by FMEM, by SMEM, regions begun.
        self.points: list[tuple[float, int, int, int]] = []
        self.start()

    def run(self) -> None:
        self._sample()
        while not self._ending.wait(SAMPLE_SECONDS):
            self._sample()

    def end(self) -> list[tuple[float, int, int, int]]:
        self._ending.set()
        self.join()
        self._sample()
        return self.points

    def _sample(self) -> None:
        now = self._vm.counters()
        total = counters.added(now.total)
        self.points.append((round(time.monotonic() - self._begun, 2), total.misses('fmem'), total.misses('smem'),
                            now.regions_begun))


def run(lab: Lab, case: Case) -> list[dict[str, typing.Any]]:
    """What each guest of the case measured; they run at the same time."""
    guests: list[tuple[guest.VpebsVm, placement_designs.Design]] = []
    try:
        # Booted one after the other: on the same machine that takes no longer.
        for _ in range(case.vms):
            guests.append((_boot(lab, case), case.design()))
        with concurrent.futures.ThreadPoolExecutor(case.vms) as pool:
            return list(pool.map(lambda pair: _measure(*pair, case), guests))
    finally:
        for vm, _ in guests:
            vm.destroy()
        for vm, _ in guests:
            vm.console.check()


def _boot(lab: Lab, case: Case) -> guest.VpebsVm:
    cells = placement_memory.cells(case.footprint)
    return guest.boot(lab, kernel=KERNEL, fmem=cells.fmem, smem=cells.smem, vcpus=case.vcpus, balloon='none')


def _measure(vm: guest.VpebsVm, design: placement_designs.Design, case: Case) -> dict[str, typing.Any]:
    case.workload.put(vm)
    usable = case.footprint
    if not design.all_fmem:
        usable = placement_memory.limit_fmem(vm, case.usable)
    design.prepare(vm)
    before, cpu_before, vmstat_before = vm.counters(), _threads(vm), _vmstat(vm)
    samples = Convergence(vm)
    started = time.monotonic()
    command = vm.start(f'exec {case.workload.command(case.warmup_seconds, case.vcpus)}')
    try:
        status = command.wait(RUN_SECONDS)
    finally:
        points = samples.end()
    seconds = time.monotonic() - started
    after = vm.counters()
    if status != 0:
        raise errors.CommandFailed(f'{case.workload.name} ends with status {status}: {command.stdout}{command.stderr}')
    whole = counters.added(after.total) - counters.added(before.total)
    region = counters.added(after.regions) - counters.added(before.regions) if case.workload.ours else whole
    cpu, vmstat = _threads(vm), _vmstat(vm)
    return {
        'design': design.name,
        'boot_seconds': round(vm.boot_seconds, 2),
        'seconds': round(seconds, 2),
        'fmem_bytes': usable,
        'modelled_seconds': {name: after.seconds(region, name) / case.vcpus for name in after.profiles},
        'fmem_hit_ratio': region.fmem_hit_ratio(),
        'region': dataclasses.asdict(region),
        'whole': dataclasses.asdict(whole),
        'vmstat': {name: value - vmstat_before.get(name, 0) for name, value in vmstat.items()},
        'threads_cpu_ns': {name: ns - cpu_before.get(name, 0) for name, ns in cpu.items()},
        'convergence': points,
        'report': _report(command.stdout) if case.workload.ours else {},
        **design.finish(vm),
    }


def _report(stdout: str) -> dict[str, typing.Any]:
    try:
        return json.loads(stdout.splitlines()[-1])
    except (IndexError, json.JSONDecodeError) as error:
        raise errors.CommandFailed(f'the workload has printed no result: {stdout!r}') from error


def _vmstat(vm: guest.VpebsVm) -> dict[str, int]:
    return {name: int(value) for name, value in VMSTAT.findall(vm.read('cat /proc/vmstat'))}


def _threads(vm: guest.VpebsVm) -> dict[str, int]:
    """Nanoseconds of CPU of each kind of thread that does tiering, without starting a process for each."""
    text = vm.read('for task in /proc/[0-9]*/task/*; do\n'
                   'read -r name <$task/comm && read -r ns rest <$task/schedstat || continue\n'
                   f'case $name in {TIERING_THREADS}) echo "$ns $name" ;; esac\n'
                   'done 2>/dev/null')
    found: dict[str, int] = {}
    for line in text.splitlines():
        ns, name = line.split(' ', 1)
        kind = re.sub(r'[\d:./-]*$', '', name)
        found[kind] = found.get(kind, 0) + int(ns)
    return found
