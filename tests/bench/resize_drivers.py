# SPDX-License-Identifier: Apache-2.0
"""The three ways to take memory from a guest and to give it back, behind one interface for the benchmark."""

import abc
import typing

from lab import channel
from lab.lab import Lab
from lab.qmp import Qmp
from lab.sizes import MIB
from lab.virtio_mem import VirtioMem
from lab.vm import TIERS, Vm

# What stays untouched of a tier, lest the guest run out of memory: watermarks grow with it, and ZONE_DMA is kept back.
UNTOUCHED_BYTES = 64 * MIB
UNTOUCHED_SHARE = 0.02


class Driver(abc.ABC):
    """One guest with two tiers of `cell` bytes, of which `step` bytes are taken and given back."""
    name = ''

    def __init__(self, lab: Lab, cell: int, step: int, **options: typing.Any) -> None:
        self.cell = cell
        self.step = step
        self.vm = self.boot(lab, **options)
        self.qmp = Qmp(self.vm.qmp_socket)

    @abc.abstractmethod
    def boot(self, lab: Lab, **options: typing.Any) -> Vm:
        """The guest with all its memory."""

    @abc.abstractmethod
    def request(self, tier: str, taken: int) -> None:
        """Asks that so many bytes of a tier be taken; returns at once."""

    @abc.abstractmethod
    def left(self, tier: str) -> int:
        """What the device leaves the guest: less by what is taken."""

    def resident(self, tier: str) -> int:
        """What the host backs of the memory from which this driver may take."""
        return self.vm.resident(tier)

    def prepare(self, tier: str) -> None:
        """Touches all free memory of a tier, so that taking it means discarding it.

        The resize has to follow at once: free page reporting gives back what is free after 2 s. Only the guest of
        HyperFlex has it on (it needs the queue), and its resizes end sooner; see resize_timing.shrink() for the rest.
        """
        hog = self._fill(tier)
        hog.kill()
        hog.wait()

    def _fill(self, tier: str) -> channel.Command:
        meminfo = f'/sys/devices/system/node/node{TIERS[tier]}/meminfo'
        free = int(self.vm.read(f"awk '/MemFree/ {{print $4}}' {meminfo}")) << 10
        size = (free - UNTOUCHED_BYTES - int(self.cell * UNTOUCHED_SHARE)) & -(2 * MIB)
        return self.vm.memhog(tier, size, '--rounds', '0', '--stride', '4096', timeout=600)

    def close(self) -> None:
        self.qmp.close()
        self.vm.destroy()


class HyperFlex(Driver):
    name = 'hyperflex'
    _generation = 0

    def boot(self, lab: Lab, **options: typing.Any) -> Vm:
        vm = lab.vm(fmem=self.cell, smem=self.cell, balloon='hyperflex', **options)
        # A shell that waits for commands, as the agent does: starting one would be part of the time.
        self._writer = vm.start('while read -r line; do echo "$line" >/dev/hyperflex; done')
        return vm

    def request(self, tier: str, taken: int) -> None:
        self._generation += 1
        self._writer.send(f'set generation={self._generation} {tier}={taken}\n'.encode(), last=False)

    def left(self, tier: str) -> int:
        return self.qmp.call('query-balloon')['actual']


class StockBalloon(Driver):
    """virtio_balloon knows no tiers: it takes FMEM first, that being local to all CPUs.

    Before it is to take SMEM, a process fills FMEM, and keeps it.
    """
    name = 'virtio-balloon'
    _filler: channel.Command | None = None

    def boot(self, lab: Lab, **options: typing.Any) -> Vm:
        return lab.vm(fmem=self.cell, smem=self.cell, balloon='stock', free_page_reporting=False, **options)

    def prepare(self, tier: str) -> None:
        if tier == 'smem' and self._filler is None:
            self._filler = self._fill('fmem')
        super().prepare(tier)

    def request(self, tier: str, taken: int) -> None:
        self.qmp.call('balloon', value=2 * self.cell - taken)

    def left(self, tier: str) -> int:
        return self.qmp.call('query-balloon')['actual']

    def resident(self, tier: str) -> int:
        return self.vm.resident('fmem') + self.vm.resident('smem')


class VirtioMemory(Driver):
    """A virtio-mem device a tier, as large as what is taken and given back, beside a cell for the rest.

    Its memory goes into ZONE_MOVABLE, as its documentation advises for memory that is to be taken again.
    """
    name = 'virtio-mem'

    def boot(self, lab: Lab, **options: typing.Any) -> Vm:
        devices = tuple(VirtioMem(node, self.step, requested=self.step) for node in TIERS.values())
        rest = self.cell - self.step
        vm = lab.vm(fmem=rest, smem=rest, balloon='none', virtio_mem=devices,
                    cmdline='memhp_default_state=online_movable', **options)
        vm.wait_plugged(self.step)
        return vm

    def request(self, tier: str, taken: int) -> None:
        self.qmp.call('qom-set', path=self._device(tier)['id'], property='requested-size', value=self.step - taken)

    def left(self, tier: str) -> int:
        return self._device(tier)['size']

    def resident(self, tier: str) -> int:
        return self.vm.resident(tier) + self.vm.resident(f'device{TIERS[tier]}')

    def _device(self, tier: str) -> dict[str, typing.Any]:
        devices = [device['data'] for device in self.qmp.call('query-memory-devices')]
        return next(device for device in devices if device['node'] == TIERS[tier])


DRIVERS = (HyperFlex, StockBalloon, VirtioMemory)
