# SPDX-License-Identifier: Apache-2.0
"""What the tables and charts show of a run, from what it measured."""

import dataclasses
import statistics
import typing

Result = dict[str, typing.Any]

PAGE = 4096
STAGES = ('sampling', 'classification', 'migration')


@dataclasses.dataclass(frozen=True)
class Figures:
    """Of one workload under one design; means over the guests that ran at the same time."""
    # Modelled, of the region of interest, by profile.
    seconds: dict[str, float]
    hit_ratio: float
    # Of the whole run, warm-up included.
    moved_bytes: float
    tlb_flushes: float
    # In the region, over all vCPUs.
    instructions: float
    # Seconds of CPU that the guest's scheduler counted in the whole run, by stage.
    cpu_seconds: dict[str, float]
    run_seconds: float
    # FMEM's share of all misses over time: (seconds since the workload's start, ratio).
    convergence: list[tuple[float, float]]
    region_start: float | None
    agent_peak_mib: float
    # Of each operation in ns, by percentile, modelled with the plugin's active profile, if the workload tells.
    latency_ns: dict[str, float]


def of(results: list[Result]) -> Figures:
    first = results[0]
    return Figures(
        seconds={profile: _mean(results, lambda result, p=profile: result['modelled_seconds'][p])
                 for profile in first['modelled_seconds']},
        hit_ratio=_mean(results, lambda result: result['fmem_hit_ratio']),
        moved_bytes=_mean(results, _moved),
        tlb_flushes=_mean(results, lambda result: result['whole']['tlb_flushes'] + result['whole']['tlb_page_flushes']),
        instructions=_mean(results, lambda result: sum(result['region']['instructions'])),
        cpu_seconds={stage: _mean(results, lambda result, s=stage: _cpu(result).get(s, 0.0)) for stage in _cpu(first)},
        run_seconds=_mean(results, lambda result: result['seconds']),
        convergence=_convergence(first['convergence']),
        region_start=next((point[0] for point in first['convergence'] if point[3] > 0), None),
        agent_peak_mib=max(result.get('agent_peak_mib', 0.0) for result in results),
        latency_ns={name.removesuffix('_ns'): _mean(results, lambda result, n=name: result['report'][n])
                    for name in first['report'] if name.endswith('_ns')},
    )


def tiering_share(figures: Figures, untiered: Figures, vcpus: int) -> float:
    """Instructions beyond those of the same work untiered, as a share of what one vCPU executed in the region.

    It holds all that tiering costs, also faults and flushes in the program's own time, and what else changed, e.g.
    huge pages that were split.
    """
    return (figures.instructions - untiered.instructions) / (untiered.instructions / vcpus)


def _mean(results: list[Result], value: typing.Callable[[Result], float]) -> float:
    return statistics.fmean(value(result) for result in results)


def _moved(result: Result) -> float:
    """Bytes that changed place: all of the kernel's migrations, compaction's too, and our exchanges, both ways."""
    migrated = max(0, result['vmstat'].get('pgmigrate_success', 0)) * PAGE
    exchanged = result['agent'][-1]['exchanged_bytes'] if result.get('agent') else 0
    return migrated + exchanged


def _cpu(result: Result) -> dict[str, float]:
    if result.get('agent'):
        return {stage: result['agent'][-1][f'{stage}_cpu_ns'] * 1e-9 for stage in STAGES}
    return {name: ns * 1e-9 for name, ns in result['threads_cpu_ns'].items() if ns}


def _convergence(points: list[list[float]]) -> list[tuple[float, float]]:
    """The ratio in each interval in which there was much to count; a quiet one joins the next."""
    found = []
    last = points[0] if points else None
    for point in points[1:]:
        assert last is not None
        fast, slow = point[1] - last[1], point[2] - last[2]
        if fast + slow >= 10_000:
            found.append((point[0], fast / (fast + slow)))
            last = point
    return found
