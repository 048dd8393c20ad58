# SPDX-License-Identifier: Apache-2.0
"""What kind of guest a test wants."""

import dataclasses
import pathlib

from lab import sizes
from lab.virtio_mem import VirtioMem

BALLOONS = ('hyperflex', 'stock', 'none')


@dataclasses.dataclass(frozen=True)
class Options:
    """The keyword arguments of Lab.vm()."""
    # Series of the kernel: "6.1" or "6.12".
    kernel: str = '6.12'
    # Sizes of the two cells.
    fmem: int | str = '256MiB'
    smem: int | str = '512MiB'
    # False: an ordinary guest with one cell of fmem + smem.
    two_tier: bool = True
    # Tier targets at boot, carried by the boot string; None and None: no boot string.
    fmem_target: int | str | None = None
    smem_target: int | str | None = None
    # Driver of the balloon device, and parameters of hyperflex.ko.
    balloon: str = 'hyperflex'
    hyperflex: dict[str, int] = dataclasses.field(default_factory=dict)
    free_page_reporting: bool = True
    # The guest agent: False, True (the built one) or its path.
    agent: bool | pathlib.Path = False
    # Devices, and modules for them.
    virtio_mem: tuple[VirtioMem, ...] = ()
    modules: tuple[str, ...] = ()
    # None: the kernel's default, which is 1 for Debian's.
    init_on_alloc: int | None = None
    # More of the kernel command line.
    cmdline: str = ''
    vcpus: int = 2
    # A second QMP monitor, for who measures in milliseconds.
    qmp: bool = False
    # Let the product shape the domain; None: the lab does.
    tierctl: pathlib.Path | None = None
    # Further options of `tierctl domain-xml`.
    shape: tuple[str, ...] = ()

    def command_line(self) -> str:
        # Level 5 shows warnings, which the lab looks for; more would cost time, one emulated port access a character.
        words = ['console=ttyS0', 'loglevel=5', 'panic=-1', f'ht.balloon={self.balloon}']
        words.append(f'ht.agent={"on" if self.agent else "off"}')
        if self.hyperflex:
            words.append('ht.hyperflex=' + ','.join(f'{name}:{value}' for name, value in self.hyperflex.items()))
        modules = [*self.modules, *['virtio_mem'] * bool(self.virtio_mem)]
        if modules:
            words.append('ht.modules=' + ','.join(modules))
        if self.init_on_alloc is not None:
            words.append(f'init_on_alloc={self.init_on_alloc}')
        return ' '.join([*words, self.cmdline]).strip()

    def balloon_at_boot(self, tier: str) -> int | None:
        target = {'fmem': self.fmem_target, 'smem': self.smem_target}[tier]
        cell = {'fmem': self.fmem, 'smem': self.smem}[tier]
        return None if target is None else sizes.parse(cell) - sizes.parse(target)
