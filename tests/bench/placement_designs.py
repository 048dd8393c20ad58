# SPDX-License-Identifier: Apache-2.0
"""The designs that are compared: each prepares a guest, and tells afterwards what it knows of itself."""

import abc
import functools
import hashlib
import json
import pathlib
import signal
import subprocess
import typing

from bench import placement_damon
from lab import channel
from lab import errors
from lab import kernels
from lab import kmod
from lab import paths
from lab.sizes import MIB
from lab.vpebs import guest

AGENT = '/sbin/hypertier-agent'
NUMA_BALANCING = '/proc/sys/kernel/numa_balancing'
DEMOTION = '/sys/kernel/mm/numa/demotion_enabled'
# The agent is there when it has said so, or fails to be.
AGENT_SECONDS = 60


class Unavailable(errors.LabError):
    """This tree cannot run the design."""


class Design(abc.ABC):
    """One way to place pages. Made anew for each run."""
    name = ''
    # Everything fits in FMEM.
    all_fmem = False
    # It moves pages, and needs time for that before it is measured.
    adapts = True

    @abc.abstractmethod
    def settings(self) -> dict[str, typing.Any]:
        """All that its results depend on; fails with Unavailable where it cannot run."""

    def prepare(self, vm: guest.VpebsVm) -> None:
        """Before the workload starts. First-touch placement is what the guest has until then."""
        vm.run(f'echo 0 >{NUMA_BALANCING}; echo 0 >{DEMOTION}')

    def finish(self, vm: guest.VpebsVm) -> dict[str, typing.Any]:
        """After the workload has ended: its own figures."""
        return {}


class FirstTouch(Design):
    """Pages stay where they were first touched: FMEM until it is full."""
    name = 'first-touch'
    adapts = False

    def settings(self) -> dict[str, typing.Any]:
        return {}


class AllFmem(FirstTouch):
    name = 'all-fmem'
    all_fmem = True


class KernelTiering(Design):
    """NUMA balancing in its tiering mode, with demotion by reclaim.

    As Documentation/admin-guide/sysctl/kernel.rst says, promotion is limited to a tenth of the slow memory's bandwidth.
    The lab's SMEM has 20 GiB/s by its HMAT, and an emulated guest executes 100 M instructions a second where the
    modelled one would execute 6,000 M, so that is 34 MiB/s. Without a limit the kernel's threshold for what is hot
    stays at 1 s, within which most pages are used; the limit lets it adapt. Intervals of scanning are the defaults:
    1 s and up, 256 MiB at once.
    """
    name = 'kernel-tiering'

    def __init__(self, rate_mib: int = 34) -> None:
        self._rate_mib = rate_mib

    def settings(self) -> dict[str, typing.Any]:
        return {'rate_mib': self._rate_mib}

    def prepare(self, vm: guest.VpebsVm) -> None:
        super().prepare(vm)
        vm.run(f'echo {self._rate_mib} >/proc/sys/kernel/numa_balancing_promote_rate_limit_MBps\n'
               f'echo 1 >{DEMOTION}; echo 2 >{NUMA_BALANCING}')
        if len(vm.read('ls -d /sys/devices/virtual/memory_tiering/memory_tier*').split()) < 2:
            raise errors.LabError(f'{vm.name} sees one memory tier only, so its kernel will not promote or demote')


class Damon(Design):
    """DAMON's migrate_hot and migrate_cold: see placement_damon."""
    name = 'damon'

    def __init__(self, tuning: placement_damon.Tuning = placement_damon.Tuning()) -> None:
        self._tuning = tuning

    def settings(self) -> dict[str, typing.Any]:
        return {'tuning': str(self._tuning)}

    def prepare(self, vm: guest.VpebsVm) -> None:
        super().prepare(vm)
        placement_damon.start(vm, self._tuning)

    def finish(self, vm: guest.VpebsVm) -> dict[str, typing.Any]:
        return {'damon': placement_damon.statistics(vm)}


class HyperPlace(Design):
    """Ours: the agent and hyperplace.ko, with one source of accesses; `options` are more of the agent's."""
    source = ''

    def __init__(self, options: tuple[str, ...] = ()) -> None:
        self._options = options
        self._agent: channel.Command | None = None

    def settings(self) -> dict[str, typing.Any]:
        unknown = [word for word in self._options if word.startswith('--') and word not in _usage()]
        if unknown:
            raise Unavailable(f'{_agent_binary()} has no {" or ".join(unknown)}; build it again')
        kernel = kernels.get('6.12')
        modules = [kmod.build(name, kernel) for name in ('hyperplace', 'vpebs')]
        return {'options': self._options, 'binaries': [_digest(path) for path in (_agent_binary(), *modules)]}

    def prepare(self, vm: guest.VpebsVm) -> None:
        super().prepare(vm)
        vm.put(_agent_binary().read_bytes(), AGENT, 0o755)
        vm.run('modprobe hyperplace')
        words = ['exec', AGENT, '--source', self.source, '--placement-log', '1', *self._options]
        self._agent = vm.start(' '.join(words))
        vm.run('sleep 1')
        if not self._agent.running:
            raise errors.LabError(f'hypertier-agent does not run: {self._agent.stderr}')

    def finish(self, vm: guest.VpebsVm) -> dict[str, typing.Any]:
        assert self._agent is not None
        if not self._agent.running:
            raise errors.LabError(f'hypertier-agent has ended during the run: {self._agent.stderr[-2000:]}')
        peak = peak_bytes(vm, AGENT)
        self._agent.kill(signal.SIGTERM)
        self._agent.wait(AGENT_SECONDS)
        said = self._agent.stderr
        lines = [json.loads(line) for line in said.splitlines() if line.startswith('{')]
        if not lines:
            raise errors.LabError(f'hypertier-agent has told nothing about placement: {said[-2000:]}')
        others = [line for line in said.splitlines() if not line.startswith('{')]
        return {'agent': lines, 'agent_peak_mib': peak / MIB, 'agent_said': others[-20:]}


class HyperPlacePebs(HyperPlace):
    name = 'hyperplace-pebs'
    source = 'pebs'

    def prepare(self, vm: guest.VpebsVm) -> None:
        vm.load_pmu()
        super().prepare(vm)


class HyperPlaceAccessedBit(HyperPlace):
    name = 'hyperplace-accessed-bit'
    source = 'accessed-bit'


DESIGNS: tuple[type[Design], ...] = (FirstTouch, KernelTiering, Damon, HyperPlacePebs, HyperPlaceAccessedBit, AllFmem)


def peak_bytes(vm: guest.VpebsVm, program: str) -> int:
    """Most memory that a running program of the guest has had."""
    status = vm.read(f'cat /proc/$(pidof {pathlib.Path(program).name})/status')
    return next(int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith('VmHWM:'))


@functools.cache
def _agent_binary() -> pathlib.Path:
    agent = paths.agent_binary()
    if agent is None:
        raise Unavailable('the guest agent has not been built: cmake --preset release, then cmake --build --preset '
                          'release --target hypertier-agent')
    return agent


@functools.cache
def _usage() -> str:
    return subprocess.run([_agent_binary(), '--help'], capture_output=True, text=True, check=False).stdout


@functools.cache
def _digest(path: pathlib.Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
