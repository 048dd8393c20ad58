# SPDX-License-Identifier: Apache-2.0
"""hyperplace.ko on a real kernel: pages change places, and nothing else changes."""

import re

import pytest

from integration import hyperplace
from lab.lab import Lab
from lab.vm import Vm

KERNELS = ('6.1', '6.12')


def guest(lab: Lab, kernel: str, faults: bool = False) -> Vm:
    # A loaded machine may leave one of four emulated processors alone for a while, which is no lockup yet.
    vm = lab.vm(kernel=kernel, fmem='384MiB', smem='384MiB', vcpus=4, balloon='none',
                cmdline='numa_balancing=disable watchdog_thresh=60')
    hyperplace.load(vm, faults)
    for program in ('exchange_check', 'exchange_stress', 'exchange_bench', 'scan_check'):
        hyperplace.put_program(vm, program)
    return vm


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
