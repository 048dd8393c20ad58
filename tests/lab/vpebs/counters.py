# SPDX-License-Identifier: Apache-2.0
"""What the plugin has counted, read from the file it shares with the guest; also while the guest runs.

layout.h is the contract.
"""

import dataclasses
import operator
import pathlib
import struct
import typing

MAGIC = 0x53424550762d5448
VERSION = 1
BYTES = 4 << 20
HEADER = struct.Struct('<QIIQQIIIIIIQQ')
PROFILE = struct.Struct('<16s3I4x')
COUNTERS = struct.Struct('<22Q')
PROFILES = 2
VCPUS_AT, VCPU_BYTES = 4096, 8192 + 4096 * 32
TIERS = ('fmem', 'smem', 'other')


@dataclasses.dataclass(frozen=True)
class Counters:
    """Of one vCPU, or a sum of them. Pairs are (user, kernel)."""
    instructions: tuple[int, ...] = (0, 0)
    loads: tuple[int, ...] = (0, 0)
    stores: tuple[int, ...] = (0, 0)
    # By tier: user's loads, kernel's loads, user's stores, kernel's stores that missed the caches.
    fmem_misses: tuple[int, ...] = (0, 0, 0, 0)
    smem_misses: tuple[int, ...] = (0, 0, 0, 0)
    other_misses: tuple[int, ...] = (0, 0, 0, 0)
    tlb_page_flushes: int = 0
    tlb_flushes: int = 0
    samples: int = 0
    lost: int = 0

    @classmethod
    def unpack(cls, words: typing.Sequence[int]) -> 'Counters':
        return cls(words[0:2], words[2:4], words[4:6], words[6:10], words[10:14], words[14:18], *words[18:22])

    def misses(self, tier: str) -> int:
        return sum(getattr(self, f'{tier}_misses'))

    def user_misses(self) -> int:
        """Of programs, whichever tier served them."""
        return sum(sum(getattr(self, f'{tier}_misses')[::2]) for tier in TIERS)

    def fmem_hit_ratio(self) -> float:
        """The share of misses that FMEM served; 1 if there were none."""
        fmem, smem = self.misses('fmem'), self.misses('smem')
        return fmem / (fmem + smem) if fmem + smem else 1.0

    def _zip(self, other: 'Counters', combine: typing.Callable[[int, int], int]) -> 'Counters':
        values = []
        for field in dataclasses.fields(self):
            mine, others = getattr(self, field.name), getattr(other, field.name)
            values.append(tuple(map(combine, mine, others)) if isinstance(mine, tuple) else combine(mine, others))
        return Counters(*values)

    def __add__(self, other: 'Counters') -> 'Counters':
        return self._zip(other, operator.add)

    def __sub__(self, other: 'Counters') -> 'Counters':
        return self._zip(other, operator.sub)


@dataclasses.dataclass(frozen=True)
class Snapshot:
    """One reading. Times are modelled seconds: see plugin/profile.h."""
    # Latency in ns by profile and tier.
    profiles: dict[str, dict[str, int]]
    mhz: int
    cpi: float
    regions_begun: int
    regions_ended: int
    # By vCPU: since the start, and in the regions of interest that have ended.
    total: list[Counters]
    regions: list[Counters]

    def seconds(self, counters: Counters, profile: str) -> float:
        """How long these would take."""
        ns = sum(counters.instructions) * self.cpi * 1000 / self.mhz
        ns += sum(counters.misses(tier) * self.profiles[profile][tier] for tier in TIERS)
        return ns * 1e-9


def added(by_vcpu: list[Counters]) -> Counters:
    """Of all vCPUs together."""
    return sum(by_vcpu[1:], by_vcpu[0])


def read(path: pathlib.Path) -> Snapshot:
    """Reads the file. A counter that moves meanwhile is old or new, never torn."""
    with open(path, 'rb') as file:
        data = file.read(BYTES)
    magic, version, vcpus, _, _, _, _, mhz, cpi_milli, _, _, begun, ended = HEADER.unpack_from(data)
    if magic != MAGIC or version != VERSION:
        raise ValueError(f'{path} is not the file of a plugin of version {VERSION}')
    profiles = {}
    for i in range(PROFILES):
        name, *latencies = PROFILE.unpack_from(data, HEADER.size + i * PROFILE.size)
        profiles[name.rstrip(b'\0').decode()] = dict(zip(TIERS, latencies))
    total, regions = [], []
    for vcpu in range(vcpus):
        start = VCPUS_AT + vcpu * VCPU_BYTES
        total.append(Counters.unpack(COUNTERS.unpack_from(data, start)))
        regions.append(Counters.unpack(COUNTERS.unpack_from(data, start + 2 * COUNTERS.size)))
    return Snapshot(profiles, mhz, cpi_milli / 1000, begun, ended, total, regions)
