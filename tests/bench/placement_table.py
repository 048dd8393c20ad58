# SPDX-License-Identifier: Apache-2.0
"""Tables for people and rows for machines, of everything that was run with one size of FMEM."""

import dataclasses
import math

from bench import placement_figures
from bench import report
from bench.placement_figures import Figures
from lab.sizes import MIB

OURS = ('hyperplace-pebs', 'hyperplace-accessed-bit')
KERNELS_OWN = ('kernel-tiering', 'damon')
PEERS = ('first-touch', *KERNELS_OWN, 'all-fmem')
# Whose latencies the plugin's clock has.
LATENCY_PROFILE = 'dram+cxl'
BETTER_PEER = 'better of ' + ' and '.join(KERNELS_OWN)
HEADS = ('workload', 'design', 'modelled s', 'vs first-touch', 'vs all-fmem', 'FMEM hits', 'moved MiB', 'TLB flushes',
         'tiering CPU', 'guest CPU by stage')


@dataclasses.dataclass(frozen=True)
class Measured:
    """By workload and design."""
    fmem: int
    vcpus: int
    vms: int
    skewed: dict[str, bool]
    figures: dict[str, dict[str, Figures]]

    def time(self, workload: str, design: str, profile: str) -> float | None:
        found = self.figures[workload].get(design)
        return found.seconds[profile] if found else None

    def peer_time(self, workload: str, peer: str, profile: str) -> float | None:
        """Of a design, or of the better of the kernel's own if both were run."""
        if peer != BETTER_PEER:
            return self.time(workload, peer, profile)
        times = [self.time(workload, design, profile) for design in KERNELS_OWN]
        return None if None in times else min(time for time in times if time is not None)


def text(measured: Measured, profile: str) -> str:
    """The whole table of a profile, and the geometric means below."""
    lines = [line for workload in measured.figures for line in _lines(measured, workload, profile)]
    widths = [max(len(line[i]) for line in [HEADS, *lines]) for i in range(len(HEADS))]
    shown = ['  '.join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip()
             for line in [HEADS, tuple('-' * width for width in widths), *lines]]
    return '\n'.join([f'{profile}, FMEM {measured.fmem} % of the working set, {measured.vms} VM(s)', *shown,
                      *(_latencies(measured) if profile == LATENCY_PROFILE else []), *_means(measured, profile)])


def rows(measured: Measured, profile: str) -> list[report.Row]:
    """Each of our designs against each peer, by workload and as geometric means."""
    found = []
    conditions = {'fmem_percent': measured.fmem, 'vms': measured.vms}
    for ours in OURS:
        for workload in measured.figures:
            time = measured.time(workload, ours, profile)
            for peer in PEERS:
                other = measured.peer_time(workload, peer, profile)
                if time is not None and other is not None:
                    found.append(report.Row(f'modelled_time/{workload}/{profile}', time, 's', peer, other,
                                            {'design': ours, **conditions}, lower_is_better=True))
            if profile == LATENCY_PROFILE:
                found += _latency_rows(measured, workload, ours, conditions)
        for peer in (*PEERS, BETTER_PEER):
            mean = geometric_mean(measured, ours, peer, profile)
            if mean is not None:
                found.append(report.Row(f'speed_geomean/{profile}', mean, 'x', peer, 1.0,
                                        {'design': ours, **conditions}))
        skewed = geometric_mean(measured, ours, 'all-fmem', profile, skewed=True)
        if skewed is not None:
            found.append(report.Row(f'speed_geomean_skewed/{profile}', skewed, 'x', 'all-fmem', 1.0,
                                    {'design': ours, **conditions}))
    return found


def _latency_rows(measured: Measured, workload: str, ours: str, conditions: dict) -> list[report.Row]:
    designs = measured.figures[workload]
    return [report.Row(f'latency_{percentile}/{workload}/{LATENCY_PROFILE}', ns, 'ns', peer,
                       designs[peer].latency_ns[percentile], {'design': ours, **conditions}, lower_is_better=True)
            for percentile, ns in (designs[ours].latency_ns.items() if ours in designs else ())
            for peer in PEERS if peer in designs]


def geometric_mean(measured: Measured, ours: str, peer: str, profile: str, skewed: bool = False) -> float | None:
    """How many times as fast as a peer, over the workloads that both ran; 1.28 is 28 % faster."""
    logarithms = []
    for workload in measured.figures:
        time = measured.time(workload, ours, profile)
        other = measured.peer_time(workload, peer, profile)
        if time and other and (measured.skewed[workload] or not skewed):
            logarithms.append(math.log(other / time))
    return math.exp(sum(logarithms) / len(logarithms)) if logarithms else None


def _lines(measured: Measured, workload: str, profile: str) -> list[tuple[str, ...]]:
    designs = measured.figures[workload]
    lines = []
    for design, figures in designs.items():
        time = figures.seconds[profile]
        ratios = []
        for other in ('first-touch', 'all-fmem'):
            peer = measured.time(workload, other, profile)
            ratios.append(f'{peer / time:.2f}x' if peer else '-')
        untiered = designs.get('first-touch')
        share = f'{placement_figures.tiering_share(figures, untiered, measured.vcpus):.2%}' if untiered else '-'
        stages = ' '.join(f'{stage} {seconds:.2f} s' for stage, seconds in figures.cpu_seconds.items())
        lines.append((workload, design, f'{time:.4f}', *ratios, f'{figures.hit_ratio:.1%}',
                      f'{figures.moved_bytes / MIB:.0f}', f'{figures.tlb_flushes:.0f}', share, stages))
    return lines


def _latencies(measured: Measured) -> list[str]:
    """A line for each workload that knows how long each of its operations took."""
    lines = []
    for workload, designs in measured.figures.items():
        words = [f'{design} ' + '/'.join(f'{ns / 1000:.1f}' for ns in figures.latency_ns.values())
                 for design, figures in designs.items() if figures.latency_ns]
        if words:
            percentiles = '/'.join(next(figures.latency_ns for figures in designs.values() if figures.latency_ns))
            lines.append(f'{workload}, {percentiles} in us: ' + ', '.join(words))
    return lines


def _means(measured: Measured, profile: str) -> list[str]:
    lines = []
    for ours in (*OURS, *KERNELS_OWN):
        words = []
        for peer in (*PEERS, BETTER_PEER):
            mean = geometric_mean(measured, ours, peer, profile)
            if mean is not None and peer != ours and (ours in OURS or peer not in KERNELS_OWN and peer != BETTER_PEER):
                words.append(f'{mean:.2f}x {peer}')
        skewed = geometric_mean(measured, ours, 'all-fmem', profile, skewed=True)
        if skewed is not None:
            words.append(f'{skewed:.2f}x all-fmem on the skewed')
        if words:
            lines.append(f'geometric mean of {ours}: ' + ', '.join(words))
    return lines
