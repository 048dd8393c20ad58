# SPDX-License-Identifier: Apache-2.0
"""Gives a guest just as much FMEM as a run is to have.

Every design gets a guest of the same shape, whose FMEM cell could hold everything. What is too much is then taken as
free huge pages of hugetlb: no process has them, nothing can move them, and so no design can tell hot from cold there.
"""

import dataclasses
import math
import re

from lab import errors
from lab.sizes import MIB
from lab.vm import Vm

HUGE = 2 * MIB
# What the kernel takes of FMEM while a workload runs: page tables, stacks, slabs, buffers.
KERNEL_ALLOWANCE = 4 * MIB
# What the kernel has taken at boot, initramfs and watermarks included, is below that.
FMEM_BEYOND = 160 * MIB
SMEM_BEYOND = 64 * MIB
# Cells in whole multiples of this.
CELL = 32 * MIB
# A run whose FMEM is off by more is not the one asked for.
TOLERANCE = HUGE + MIB


@dataclasses.dataclass(frozen=True)
class Cells:
    """Bytes of the two cells."""
    fmem: int
    smem: int


def cells(footprint: int) -> Cells:
    """Of a guest for a workload: either cell can hold all of it."""
    return Cells(*(math.ceil((footprint + beyond) / CELL) * CELL for beyond in (FMEM_BEYOND, SMEM_BEYOND)))


def free_of_fmem(vm: Vm) -> int:
    """Bytes that programs can still have of FMEM before they get SMEM: what is free above the low watermarks."""
    text = vm.read("cat /proc/zoneinfo")
    pages = 0
    for zone in re.split(r'^Node ', text, flags=re.MULTILINE)[1:]:
        if not zone.startswith('0,'):
            continue
        found = {name: int(value) for name, value in re.findall(r'^\s+(?:pages )?(free|low)\s+(\d+)$', zone, re.M)}
        pages += max(0, found.get('free', 0) - found.get('low', 0))
    return pages << 12


def limit_fmem(vm: Vm, usable: int) -> int:
    """Leaves programs `usable` bytes of FMEM, and the kernel its allowance; returns what it left the programs."""
    vm.run('sync; echo 3 >/proc/sys/vm/drop_caches; echo 1 >/proc/sys/vm/compact_memory')
    pool = '/sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages'
    wanted = usable + KERNEL_ALLOWANCE
    taken = 0
    # Again until it fits: taking pages frees others, e.g. those that lay on per-CPU lists, and the kernel takes some.
    for _ in range(5):
        beyond = round((free_of_fmem(vm) - wanted) / HUGE)
        if beyond == 0:
            break
        taken = max(0, taken + beyond)
        vm.run(f'echo {taken} >{pool}')
        taken = int(vm.read(f'cat {pool}'))
    left = free_of_fmem(vm)
    if abs(left - wanted) > TOLERANCE:
        raise errors.LabError(f'{vm.name} has {left / MIB:.1f} MiB of FMEM left where {wanted / MIB:.1f} were to be; '
                              f'{taken} huge pages were taken')
    return left - KERNEL_ALLOWANCE
