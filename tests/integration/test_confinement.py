# SPDX-License-Identifier: Apache-2.0
"""Confinement on a real kernel with two nodes: what a process holds beyond its FMEM goes to the other node, and back.

The guest plays the host here: a process in it has memory as QEMU has it.
"""

import dataclasses
import re
import uuid

import pytest

from integration.hypertierd import BUILD
from lab import image
from lab import paths
from lab.lab import Lab
from lab.sizes import MIB
from lab.vm import Vm

PROGRAMS = paths.REPO / 'tests' / 'lab' / 'confinement'
# Cells of a size that nothing else in the process has.
FMEM, SMEM = 192 * MIB, 200 * MIB
# Of huge pages, one may be moved that need not have been.
HUGE = 2 * MIB


@dataclasses.dataclass
class Victim:
    """A process like QEMU in a guest with two nodes."""
    vm: Vm
    kind: str
    uuid: str = dataclasses.field(default_factory=lambda: str(uuid.uuid4()))

    def start(self) -> None:
        self.command = self.vm.start(f'mkdir -p /run/libvirt/qemu; echo $$ >/run/libvirt/qemu/victim.pid; '
                                     f'exec like_qemu {self.uuid} {self.kind} {FMEM} {SMEM}')
        self.command.wait_for('ready', 120)

    def confine(self, most: int) -> tuple[int, int, int]:
        """One step; what it says lies on FMEM's node and on SMEM's, and what it moved."""
        backing = 'memfd' if self.kind == 'memfd' else 'anonymous'
        said = self.vm.read(f'confine victim {self.uuid} {backing} {FMEM} {SMEM} {most}')
        fast, slow, moved = (int(word) for word in said.split())
        return fast, slow, moved

    def on_nodes(self) -> tuple[int, int]:
        """Bytes of its memory on nodes 0 and 1, of both cells (it touches only FMEM's), as the kernel says."""
        text = self.vm.read('cat /proc/$(cat /run/libvirt/qemu/victim.pid)/numa_maps')
        lines = [line for line in text.splitlines() if ' bind:' in line]
        assert lines, text
        pages = [sum(int(count) for line in lines for count in re.findall(rf'\bN{node}=(\d+)', line))
                 for node in (0, 1)]
        return pages[0] * 4096, pages[1] * 4096

    def end(self) -> None:
        self.vm.run('kill $(cat /run/libvirt/qemu/victim.pid)')
        assert self.command.wait(120) == 0, self.command.stderr


def host(lab: Lab, kernel: str = '6.12') -> Vm:
    vm = lab.vm(kernel=kernel, fmem='384MiB', smem='384MiB', balloon='none', cmdline='numa_balancing=disable')
    vm.put((BUILD / 'tests' / 'lab' / 'confinement' / 'confine').read_bytes(), '/sbin/confine', 0o755)
    vm.put(image.program(PROGRAMS / 'like_qemu.c').read_bytes(), '/sbin/like_qemu', 0o755)
    return vm


@pytest.mark.parametrize('kernel', ['6.1', '6.12'])
def test_a_process_is_confined_to_its_target_and_gets_its_memory_back(lab: Lab, kernel: str) -> None:
    vm = host(lab, kernel)
    for kind in ('memfd', 'anonymous', 'huge'):
        victim = Victim(vm, kind)
        victim.start()
        assert victim.on_nodes() == (FMEM, 0)
        most = 64 * MIB
        # 64 MiB a step, while the process writes to every page over and over.
        steps = [victim.confine(most) for _ in range(4)]
        assert steps[0][2] >= 60 * MIB, steps
        fast, slow, moved = steps[-1]
        assert fast <= most and fast + slow == FMEM and moved <= HUGE, (kind, steps)
        assert fast > most - HUGE, (kind, steps)
        assert victim.on_nodes() == (fast, slow), kind
        # Half of it may come back.
        for _ in range(4):
            fast, slow, moved = victim.confine(128 * MIB)
        assert 128 * MIB - 2 * HUGE < fast <= 128 * MIB and moved == 0, (kind, fast, slow, moved)
        for _ in range(4):
            fast, slow, moved = victim.confine(FMEM)
        assert (fast, slow) == (FMEM, 0) == victim.on_nodes() and moved == 0, (kind, fast, slow, moved)
        victim.end()


def test_where_smem_has_no_room_the_rest_stays_and_is_told(lab: Lab) -> None:
    vm = host(lab)
    victim = Victim(vm, 'memfd')
    victim.start()
    hog = vm.memhog('smem', '250MiB', '--rounds', '0')
    steps = []
    for _ in range(6):
        done = vm.run(f'confine victim {victim.uuid} memfd {FMEM} {SMEM} {16 * MIB}', check=False)
        steps.append((done.status, done.stdout.strip(), done.stderr.strip()))
    assert steps[0][0] == 0, steps
    assert steps[-1][0] == 1 and 'no room on node 1' in steps[-1][2], steps
    fast, slow = victim.on_nodes()
    assert fast > 16 * MIB and fast + slow == FMEM
    hog.kill()
    hog.wait()
    victim.end()


def test_a_process_that_may_not_use_smem_is_told_so(lab: Lab) -> None:
    vm = host(lab)
    vm.run('mount -t cgroup2 cgroup2 /sys/fs/cgroup && echo +cpuset >/sys/fs/cgroup/cgroup.subtree_control && '
           'mkdir /sys/fs/cgroup/vm && echo 0 >/sys/fs/cgroup/vm/cpuset.mems')
    victim = Victim(vm, 'memfd')
    victim.start()
    vm.run('cat /run/libvirt/qemu/victim.pid >/sys/fs/cgroup/vm/cgroup.procs')
    done = vm.run(f'confine victim {victim.uuid} memfd {FMEM} {SMEM} {16 * MIB}', check=False)
    assert done.status == 1 and 'may not use node 1' in done.stderr and 'cpuset.mems' in done.stderr, done
    assert victim.on_nodes() == (FMEM, 0)
    victim.end()
