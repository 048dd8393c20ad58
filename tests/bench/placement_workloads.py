# SPDX-License-Identifier: Apache-2.0
"""What the placement benchmark runs in its guests, and how much memory that takes."""

import collections.abc
import dataclasses
import hashlib
import pathlib
import shlex
import subprocess
import time

from bench import placement_programs
from lab import errors
from lab.sizes import MIB
from lab.vpebs import build
from lab.vpebs import guest

# Beyond that a program is not one for an emulated guest.
FOOTPRINT_SECONDS = 120


@dataclasses.dataclass(frozen=True)
class Workload:
    """A program, static unless `files` has its libraries, with its options but for those that say how long it runs."""
    name: str
    program: str
    options: tuple[str, ...] = ()
    # Few pages have most of the accesses, so placement can bring the time near to that of all-FMEM.
    skewed: bool = True
    # Bytes, if it need not be measured.
    footprint: int | None = None
    # It marks its region of interest and takes --warmup-seconds; else all of it counts.
    ours: bool = True
    # What else it needs in the guest, at the same paths; fails with placement_programs.Unavailable.
    files: collections.abc.Callable[[], tuple[pathlib.Path, ...]] = tuple

    def binary(self) -> pathlib.Path:
        if self.ours:
            return build.workload(self.program)
        path = pathlib.Path(self.program).resolve()
        if not path.is_file():
            raise errors.LabError(f'--exec: there is no program {path}')
        return path

    def digest(self) -> str:
        digest = hashlib.sha256()
        for path in (*self.files(), self.binary()):
            digest.update(path.read_bytes())
        return digest.hexdigest()

    def put(self, vm: guest.VpebsVm) -> None:
        """Copies everything it needs to the guest."""
        vm.put_program(self.binary())
        for path in self.files():
            vm.run(shlex.join(['mkdir', '-p', str(path.parent)]))
            vm.put(path.read_bytes(), str(path), path.stat().st_mode & 0o777)

    def command(self, warmup_seconds: int, vcpus: int) -> str:
        """What the guest's shell is given."""
        words = [f'/sbin/{self.binary().name}', *self.options]
        if self.ours:
            words += ['--threads', str(vcpus), '--warmup-seconds', str(warmup_seconds)]
        return shlex.join(words)

    def footprint_bytes(self) -> int:
        """Most memory it has at once, measured on this machine unless it is known."""
        return self.footprint if self.footprint is not None else _peak([str(self.binary()), *self.options])


# Sizes let a region of interest take some 5 s in an emulated guest.
WORKLOADS = (
    Workload('gups-uniform', 'gups', ('--pattern', 'uniform', '--bytes', '128M', '--updates', '4M'), skewed=False),
    Workload('gups-hot', 'gups', ('--pattern', 'hot', '--bytes', '128M', '--updates', '4M')),
    Workload('gups-zipf', 'gups', ('--pattern', 'zipf', '--bytes', '128M', '--updates', '4M')),
    Workload('gups-moving', 'gups', ('--pattern', 'moving', '--bytes', '128M', '--updates', '16M', '--moves', '2')),
    Workload('btree', 'btree', ('--bytes', '128M', '--lookups', '1M')),
    Workload('bfs', 'bfs', ('--scale', '18',)),
    Workload('pagerank', 'pagerank', ('--scale', '18',)),
    Workload('xs', 'xs', ('--bytes', '96M', '--lookups', '128K')),
    Workload('stencil', 'stencil', ('--bytes', '96M',), skewed=False),
    Workload('sgd', 'sgd', ('--bytes', '128M',)),
    Workload('sqlite', 'sqlite', ('--bytes', '96M')),
    Workload('oltp', 'oltp', ('--bytes', '128M', '--transactions', '128K')),
    # Anonymous memory of both servers, seen in /proc.
    Workload('redis', 'redisload', ('--bytes', '96M', '--requests', '96K'), footprint=106 * MIB,
             files=placement_programs.redis),
    Workload('liblinear', str(placement_programs.LIBLINEAR), (str(placement_programs.SPARSE), '/dev/null'), ours=False,
             files=placement_programs.liblinear),
)
QUICK = ('gups-hot', 'btree')


def from_command(command: str, footprint: int | None) -> Workload:
    """A program of the user's."""
    program, *options = shlex.split(command)
    return Workload(f'exec-{pathlib.Path(program).name}', program, tuple(options), footprint=footprint, ours=False)


def _peak(command: list[str]) -> int:
    """Peak resident size. Asked for while it runs: what wait4() tells includes the parent's from before the exec."""
    started = time.monotonic()
    peak = 0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as running:
        status = pathlib.Path(f'/proc/{running.pid}/status')
        while running.poll() is None:
            for line in status.read_text(encoding='utf-8').splitlines():
                if line.startswith('VmHWM:'):
                    peak = max(peak, int(line.split()[1]) << 10)
            if time.monotonic() - started > FOOTPRINT_SECONDS:
                running.kill()
                raise errors.LabError(f'{shlex.join(command)} takes more than {FOOTPRINT_SECONDS} s on this machine, '
                                      'which is too long for an emulated guest; give it less to do')
            time.sleep(0.005)
        if running.returncode != 0:
            said = running.stderr.read() if running.stderr else ''
            raise errors.LabError(f'{shlex.join(command)} ends with status {running.returncode}: {said}')
    return peak
