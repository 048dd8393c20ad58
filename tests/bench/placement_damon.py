# SPDX-License-Identifier: Apache-2.0
"""DAMON as a design of tiering: one kdamond that demotes what is cold in FMEM, one that promotes what is hot in SMEM.

The recipe is that of the authors of migrate_hot and migrate_cold (SK hynix, HMSDK: a kdamond a node; hot is an access
rate of 5 % and more, cold is none for a while; the "young" filter for both; by age), with its times divided by 20: it
is made for programs that run for hours (100 ms / 2 s / 20 s, cold after 30 s), and here a run takes half a minute.
Those intervals are DAMON's own defaults (5 ms / 100 ms / 1 s), and so is the number of regions.
"""

import dataclasses
import re

from lab.vm import Vm

ADMIN = '/sys/kernel/mm/damon/admin/kdamonds'
MOST = str(2 ** 64 - 1)
MOST_32 = str(2 ** 32 - 1)


@dataclasses.dataclass(frozen=True)
class Tuning:
    sample_us: int = 5_000
    aggregate_us: int = 100_000
    update_us: int = 1_000_000
    least_regions: int = 10
    most_regions: int = 1000
    # Accesses in an aggregation interval, of at most aggregate_us / sample_us: 5 %.
    hot_accesses: int = 1
    # Aggregation intervals without an access.
    cold_age: int = 15
    # Most time and bytes a scheme may spend in each reset interval.
    quota_ms: int = 100
    quota_bytes: int = 1 << 30
    quota_reset_ms: int = 1000


@dataclasses.dataclass(frozen=True)
class _Kdamond:
    number: int
    action: str
    source: int
    target: int
    accesses: tuple[str, str]
    age: tuple[str, str]
    # Of the filter that keeps pages out: those that have been accessed since, or those that have not.
    young_kept_out: bool


def start(vm: Vm, tuning: Tuning) -> None:
    """Sets both up and turns them on."""
    both = (
        _Kdamond(0, 'migrate_cold', 0, 1, ('0', '0'), (str(tuning.cold_age), MOST_32), True),
        _Kdamond(1, 'migrate_hot', 1, 0, (str(tuning.hot_accesses), MOST_32), ('0', MOST_32), False),
    )
    zones = vm.read('cat /proc/zoneinfo')
    lines = ['set -e', f'echo {len(both)} >{ADMIN}/nr_kdamonds']
    for kdamond in both:
        lines += _setup(kdamond, tuning, _spans(zones, kdamond.source))
    lines += [f'echo on >{ADMIN}/{kdamond.number}/state' for kdamond in both]
    vm.run('\n'.join(lines))


def statistics(vm: Vm) -> dict[str, int]:
    """How much each scheme tried and did."""
    vm.run(f'for kdamond in 0 1; do echo update_schemes_stats >{ADMIN}/$kdamond/state; done')
    text = vm.read(f'cd {ADMIN}; grep . */contexts/0/schemes/0/stats/*')
    names = {'0': 'migrate_cold', '1': 'migrate_hot'}
    return {f'{names[number]}.{name}': int(value)
            for number, name, value in re.findall(r'^([01])/.*/(\w+):(\d+)$', text, re.MULTILINE)}


def _spans(zones: str, node: int) -> list[tuple[int, int]]:
    """Physical addresses of a node's zones, from the text of /proc/zoneinfo."""
    found = []
    for zone in re.split(r'^Node ', zones, flags=re.MULTILINE)[1:]:
        spanned = re.search(r'^\s+spanned\s+(\d+)$', zone, re.MULTILINE)
        first = re.search(r'^\s+start_pfn:\s+(\d+)$', zone, re.MULTILINE)
        if zone.startswith(f'{node},') and spanned and first and int(spanned[1]):
            found.append((int(first[1]) << 12, (int(first[1]) + int(spanned[1])) << 12))
    return sorted(found)


def _setup(kdamond: _Kdamond, tuning: Tuning, spans: list[tuple[int, int]]) -> list[str]:
    context = f'{ADMIN}/{kdamond.number}/contexts/0'
    scheme = f'{context}/schemes/0'
    filters = f'{scheme}/filters'
    values = [
        (f'{ADMIN}/{kdamond.number}/contexts/nr_contexts', 1),
        (f'{context}/operations', 'paddr'),
        (f'{context}/monitoring_attrs/intervals/sample_us', tuning.sample_us),
        (f'{context}/monitoring_attrs/intervals/aggr_us', tuning.aggregate_us),
        (f'{context}/monitoring_attrs/intervals/update_us', tuning.update_us),
        (f'{context}/monitoring_attrs/nr_regions/max', tuning.most_regions),
        (f'{context}/monitoring_attrs/nr_regions/min', tuning.least_regions),
        (f'{context}/targets/nr_targets', 1),
        (f'{context}/targets/0/regions/nr_regions', len(spans)),
    ]
    for i, span in enumerate(spans):
        values += [(f'{context}/targets/0/regions/{i}/{name}', at) for name, at in zip(('start', 'end'), span)]
    values += [
        (f'{context}/schemes/nr_schemes', 1),
        (f'{scheme}/action', kdamond.action),
        (f'{scheme}/target_nid', kdamond.target),
        (f'{scheme}/access_pattern/sz/min', 4096),
        (f'{scheme}/access_pattern/sz/max', MOST),
        (f'{scheme}/access_pattern/nr_accesses/min', kdamond.accesses[0]),
        (f'{scheme}/access_pattern/nr_accesses/max', kdamond.accesses[1]),
        (f'{scheme}/access_pattern/age/min', kdamond.age[0]),
        (f'{scheme}/access_pattern/age/max', kdamond.age[1]),
        (f'{scheme}/quotas/ms', tuning.quota_ms),
        (f'{scheme}/quotas/bytes', tuning.quota_bytes),
        (f'{scheme}/quotas/reset_interval_ms', tuning.quota_reset_ms),
        (f'{scheme}/quotas/weights/sz_permil', 0),
        (f'{scheme}/quotas/weights/nr_accesses_permil', 0),
        (f'{scheme}/quotas/weights/age_permil', 10),
        (f'{filters}/nr_filters', 1),
        (f'{filters}/0/type', 'young'),
        (f'{filters}/0/matching', 'Y' if kdamond.young_kept_out else 'N'),
    ]
    return [f'echo {value} >{path}' for path, value in values]
