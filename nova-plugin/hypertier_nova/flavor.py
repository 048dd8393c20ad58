# SPDX-License-Identifier: Apache-2.0
"""Reads what a flavor says of memory tiers, and tells its contradictions. Knows nothing of nova."""

import dataclasses
import re
import typing as ty

from hypertier_nova import keys
from hypertier_nova import unfit

TIERS = ('fmem', 'smem')
TRAIT = 'trait:CUSTOM_HYPERTIER'

# hyperflex works in blocks of 2 MiB, so a cell is a multiple of it.
CELL_GRANULARITY_MB = 2
# A guest kernel does not boot in less; `tierctl domain-xml` says the same.
LEAST_FMEM_MB = 64


def claim_key(tier: str) -> str:
    """The guaranteed amount of a tier: what placement claims, keystone's limits count and hypertierd reserves."""
    return f'resources:CUSTOM_{tier.upper()}_MB'


class FlavorError(ValueError):
    """Each problem is a sentence that names the extra spec and the remedy."""

    def __init__(self, flavor: str, problems: ty.Sequence[str]) -> None:
        super().__init__(f'flavor {flavor}: ' + '. '.join(problems))
        self.problems = list(problems)


@dataclasses.dataclass(frozen=True)
class Tier:
    # Guaranteed.
    claim_mb: int
    # Hard cap, and the size of the guest's NUMA cell.
    max_mb: int
    # As written; None: that of the class, else 1.
    shares: ty.Optional[str] = None


@dataclasses.dataclass(frozen=True)
class TieredFlavor:
    fmem: Tier
    smem: Tier
    # auto or static; None: hypertierd's default.
    policy: ty.Optional[str] = None
    qos_class: ty.Optional[str] = None
    migrate_mbps: ty.Optional[int] = None

    def tier(self, name: str) -> Tier:
        return self.fmem if name == 'fmem' else self.smem


class _Reader:
    def __init__(self, ram_mb: int, extra_specs: ty.Mapping[str, str]) -> None:
        self.ram_mb = ram_mb
        self.specs = extra_specs
        self.problems: ty.List[str] = []

    def own(self, name: str) -> ty.Optional[str]:
        """A hypertier: key, if it is there and can be read."""
        key = keys.BY_FULL_NAME[f'{keys.NAMESPACE}:{name}']
        value = self.specs.get(key.full_name)
        if value is None:
            return None
        if key.admits(value):
            return value
        self.problems.append(f'{key.full_name}={value}: it must be {key.bounds}')
        return None

    def number(self, name: str) -> ty.Optional[int]:
        value = self.own(name)
        return None if value is None else int(value)

    def unknown_keys(self) -> None:
        known = ', '.join(key.name for key in keys.KEYS)
        for name in sorted(self.specs):
            if name.startswith(f'{keys.NAMESPACE}:') and name not in keys.BY_FULL_NAME:
                self.problems.append(f'{name}: there is no such key; remove it, or write one of {known}')

    def grouped_claims(self) -> None:
        for name in sorted(self.specs):
            match = re.fullmatch(r'resources[a-zA-Z0-9_-]+:(CUSTOM_[FS]MEM_MB)', name)
            if match:
                self.problems.append(f'{name}: a claim of a tier has no group; write resources:{match[1]}')

    def claim(self, tier: str) -> ty.Optional[int]:
        name = claim_key(tier)
        value = self.specs.get(name)
        if value is None:
            self.problems.append(f'{name}: it is missing, and a VM has both tiers; '
                                 f'set it to the MiB of {tier.upper()} that are guaranteed')
            return None
        if not re.fullmatch(r'[0-9]{1,18}', value) or not 0 < int(value) <= keys.MOST_MB:
            self.problems.append(f'{name}={value}: it must be a whole number from 1 to {keys.MOST_MB}')
            return None
        if tier == 'fmem' and int(value) < LEAST_FMEM_MB:
            self.problems.append(f'{name}={value}: a guest kernel does not boot in less than {LEAST_FMEM_MB}; raise it')
        return int(value)

    def read_tier(self, tier: str, claim: ty.Optional[int]) -> Tier:
        most = self.number(f'{tier}_max_mb')
        cell = most if most is not None else claim
        if claim is not None and cell is not None:
            field = f'hypertier:{tier}_max_mb={most}' if most is not None else f'{claim_key(tier)}={claim}'
            if cell < claim:
                self.problems.append(f'{field}: it is below what is guaranteed, {claim_key(tier)}={claim}; '
                                     'raise it or lower the claim')
            if cell % CELL_GRANULARITY_MB:
                self.problems.append(f'{field}: the most that a VM can have of a tier is a multiple of '
                                     f'{CELL_GRANULARITY_MB} MiB; set hypertier:{tier}_max_mb={cell + 1}')
        return Tier(claim or 0, cell or 0, self.own(f'{tier}_shares'))

    def tiered(self) -> TieredFlavor:
        claims = {tier: self.claim(tier) for tier in TIERS}
        tiers = {tier: self.read_tier(tier, claims[tier]) for tier in TIERS}
        if None not in claims.values() and sum(claims.values()) != self.ram_mb:
            both = ' and '.join(f'{claim_key(tier)}={claims[tier]}' for tier in TIERS)
            self.problems.append(f"{both}: they are {sum(claims.values())} MiB together and the flavor's RAM is "
                                 f'{self.ram_mb}; make them the same')
        self.problems += unfit.unfit(self.specs)
        return TieredFlavor(tiers['fmem'], tiers['smem'], self.own('policy'), self.own('qos_class'),
                            self.number('migrate_mbps'))

    def left_alone(self) -> None:
        """With policy none the VM may be claimed as fast memory whole, and anything else said of tiers is void."""
        for name in sorted(self.specs):
            if name.startswith(f'{keys.NAMESPACE}:') and name != 'hypertier:policy' and name in keys.BY_FULL_NAME:
                self.problems.append(f'{name}: hypertier:policy=none leaves the VM alone; remove one of the two')
        if claim_key('smem') in self.specs:
            self.problems.append(f'{claim_key("smem")}: with hypertier:policy=none nothing puts memory of the VM into '
                                 'the slow tier; remove one of the two')
        fmem = self.specs.get(claim_key('fmem'))
        if fmem not in (None, str(self.ram_mb)):
            self.problems.append(f"{claim_key('fmem')}={fmem}: with hypertier:policy=none nothing splits the flavor's "
                                 f'RAM; write {self.ram_mb}, all of it')


def _about_tiers(extra_specs: ty.Mapping[str, str]) -> bool:
    return any(re.match(rf'{keys.NAMESPACE}:|resources[^:]*:CUSTOM_[FS]MEM_MB$', name) for name in extra_specs)


def read(name: str, ram_mb: int, extra_specs: ty.Mapping[str, str]) -> ty.Optional[TieredFlavor]:
    """What a flavor says of tiers; None: nothing, or that it has none.

    Raises FlavorError with all its contradictions at once.
    """
    if not _about_tiers(extra_specs):
        return None
    reader = _Reader(ram_mb, extra_specs)
    reader.unknown_keys()
    reader.grouped_claims()
    tiered = None
    if extra_specs.get('hypertier:policy') == 'none':
        reader.left_alone()
    else:
        tiered = reader.tiered()
    if reader.problems:
        raise FlavorError(name, reader.problems)
    return tiered


def check(name: str, ram_mb: int, extra_specs: ty.Mapping[str, str]) -> ty.List[str]:
    """All that is wrong with a flavor, what VMs can live with included; empty if nothing is."""
    problems: ty.List[str] = []
    try:
        read(name, ram_mb, extra_specs)
    except FlavorError as error:
        problems += error.problems
    has_tiers = _about_tiers(extra_specs) and extra_specs.get('hypertier:policy') != 'none'
    if has_tiers and extra_specs.get(TRAIT) != 'required':
        problems.append(f'{TRAIT}: without it, VMs are sent to hosts whose hypertierd does not run; set it to required')
    return problems
