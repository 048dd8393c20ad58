# SPDX-License-Identifier: Apache-2.0
"""A lab guest under the plugin."""

import itertools
import pathlib
import typing
import xml.etree.ElementTree as ET

from lab import kernels
from lab import kmod
from lab import qmp
from lab import sizes
from lab.domain import add
from lab.lab import Lab
from lab.options import Options
from lab.vm import Vm
from lab.vpebs import build
from lab.vpebs import counters

_NUMBERS = itertools.count(1)


class VpebsVm(Vm):
    """A Vm whose accesses are modelled and can be sampled.

    `plugin`: the plugin's arguments beyond the cells, e.g. profile.
    """

    def __init__(self, host: typing.Any, name: str, options: Options, folder: pathlib.Path,
                 **plugin: typing.Any) -> None:
        # Memory, not a disk: the guest writes it all the time.
        self.shared = pathlib.Path('/dev/shm') / f'hypertier-vpebs-{host.folder.name}-{name}'
        self._arguments = {
            'shared': self.shared, 'json': folder / f'{name}.vpebs.json', 'fmem': sizes.parse(options.fmem),
            'smem': sizes.parse(options.smem) if options.two_tier else 0, **plugin}
        if not options.two_tier:
            self._arguments['fmem'] += sizes.parse(options.smem)
        with open(self.shared, 'wb') as file:
            file.truncate(counters.BYTES)
        try:
            super().__init__(host, name, options, folder)
        except BaseException:
            self.shared.unlink(missing_ok=True)
            raise

    def _shape(self) -> str:
        root = ET.fromstring(super()._shape())
        # Where KVM would run the guest, the plugin would see nothing of it.
        root.set('type', 'qemu')
        cpu = root.find('cpu')
        assert cpu is not None
        cpu.set('mode', 'maximum')
        words = ','.join([str(build.plugin()), *(f'{key}={value}' for key, value in self._arguments.items())])
        memory = f'memory-backend-file,id=vpebs,share=on,size={counters.BYTES},mem-path={self.shared}'
        tag = f'{{{qmp.NAMESPACE}}}'
        commandline = root.find(f'{tag}commandline')
        if commandline is None:
            commandline = add(root, f'{tag}commandline')
        # The memory of the cells comes first: tier.h relies on it.
        for word in ('-plugin', words, '-object', memory, '-device', 'ivshmem-plain,memdev=vpebs,bus=pcie.0,addr=0x1e'):
            add(commandline, f'{tag}arg', value=word)
        return ET.tostring(root, encoding='unicode')

    def counters(self) -> counters.Snapshot:
        """What has been counted so far."""
        return counters.read(self.shared)

    def load_pmu(self, **parameters: typing.Any) -> None:
        """Loads the guest's module: from here on there is a PMU."""
        self.put(kmod.build('vpebs', kernels.get(self.options.kernel)).read_bytes(), '/run/vpebs.ko')
        words = ' '.join(f'{key}={value}' for key, value in parameters.items())
        self.run(f'insmod /run/vpebs.ko {words}')

    def put_program(self, program: pathlib.Path) -> None:
        """Copies a static program to the guest's /sbin."""
        self.put(program.read_bytes(), f'/sbin/{program.name}', 0o755)

    def destroy(self) -> None:
        super().destroy()
        self.shared.unlink(missing_ok=True)


def boot(lab: Lab, plugin: dict[str, typing.Any] | None = None, **options: typing.Any) -> VpebsVm:
    """lab.vm(**options) under the plugin."""
    vm = VpebsVm(lab.host(), f'vpebs{next(_NUMBERS)}', Options(**options), lab.artefacts, **(plugin or {}))
    lab.vms.append(vm)
    return vm
