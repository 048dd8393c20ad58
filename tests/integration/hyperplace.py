# SPDX-License-Identifier: Apache-2.0
"""guest-kmod/hyperplace in a lab guest, with the programs that try it."""

from lab import image
from lab import kernels
from lab import kmod
from lab import paths
from lab.vm import Vm

PROGRAMS = paths.REPO / 'tests' / 'lab' / 'exchange'
MODULE = '/root/hyperplace.ko'
PARAMETERS = '/sys/module/hyperplace/parameters'
# As in inject.c: the points of failure, in order.
FAULTS = ('no_memory', 'mmap_lock', 'isolate', 'lock', 'references', 'find_again', 'share', 'still_mapped',
          'freeze_first', 'freeze_second')


def load(vm: Vm, faults: bool = False) -> None:
    """Loads the module; with `faults`, one that can be told to fail."""
    options = ['HYPERPLACE_LAB=1'] if faults else []
    vm.put(kmod.build('hyperplace', kernels.get(vm.options.kernel), *options).read_bytes(), MODULE)
    vm.run(f'insmod {MODULE}')


def load_without(vm: Vm, *symbols: str) -> None:
    """Loads the module again, one with `faults`, as if the kernel had not these functions."""
    vm.run(f'rmmod hyperplace && insmod {MODULE} missing={",".join(symbols)}')


def put_program(vm: Vm, name: str) -> None:
    """Copies a program of tests/lab/exchange to the guest's /sbin."""
    headers = (*sorted(PROGRAMS.glob('*.h')), paths.KMOD / 'hyperplace' / 'hyperplace_uapi.h')
    vm.put(image.program(PROGRAMS / f'{name}.c', *headers).read_bytes(), f'/sbin/{name}', 0o755)


def fail(vm: Vm, every: dict[str, int]) -> None:
    """Lets the named points of failure fail every so many times, and no others."""
    numbers = ','.join(str(every.get(name, 0)) for name in FAULTS)
    vm.run(f'echo {numbers} >{PARAMETERS}/fail')


def hits(vm: Vm) -> dict[str, int]:
    """How often each point of failure was made to fail."""
    counts = [int(word) for word in vm.read(f'cat {PARAMETERS}/hits').split(',')]
    return dict(zip(FAULTS, counts, strict=True))
