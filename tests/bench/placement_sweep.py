# SPDX-License-Identifier: Apache-2.0
"""How much it matters what HyperPlace is set to: matrices of modelled time over two options of the agent each."""

import collections.abc
import dataclasses
import functools

from bench import placement_figures
from bench.placement_designs import HyperPlacePebs
from bench.placement_footprints import of as footprint_of
from bench.placement_run import Case
from bench.placement_workloads import Workload


@dataclasses.dataclass(frozen=True)
class Axis:
    """An option of the agent, and the values it takes; the middle one is the default or near it."""
    option: str
    values: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Matrix:
    """Two options, each value of the one with each of the other."""
    name: str
    rows: Axis
    columns: Axis


MATRICES = (
    Matrix('sample period (accesses) x latency threshold (ns)', Axis('--pebs-period', ('509', '1021', '4093', '16381')),
           Axis('--pebs-latency', ('16', '64', '128', '256'))),
    Matrix('split threshold (standard errors) x split period (s)', Axis('--split-confidence', ('2', '4', '8', '16')),
           Axis('--adapt-interval', ('0.1', '0.25', '1', '4'))),
)
# Where a design that is set badly has most to lose.
WORKLOADS = ('gups-hot', 'gups-zipf')


def cases(workload: Workload, matrix: Matrix, fmem: int, warmup_seconds: int, vcpus: int) -> list[Case]:
    """Row by row."""
    footprint = footprint_of(workload)
    found = []
    for row in matrix.rows.values:
        for column in matrix.columns.values:
            options = (matrix.rows.option, row, matrix.columns.option, column)
            found.append(Case(workload, functools.partial(HyperPlacePebs, options), fmem, footprint, warmup_seconds,
                              vcpus))
    return found


def text(workload: Workload, matrix: Matrix, profile: str,
         figures: collections.abc.Sequence[placement_figures.Figures | None]) -> str:
    """The matrix, each time as a share of the best one's: 1.00 is the best, 1.10 takes 10 % longer."""
    times = [found.seconds[profile] if found else None for found in figures]
    best = min((time for time in times if time is not None), default=None)
    shown = iter(f'{time / best:.2f}' if time and best else '-' for time in times)
    table = [[matrix.rows.option, *matrix.columns.values],
             *([row, *(next(shown) for _ in matrix.columns.values)] for row in matrix.rows.values)]
    width = max(len(cell) for line in table for cell in line)
    lines = ['  '.join(cell.rjust(width) for cell in line) for line in table]
    return '\n'.join([f'{workload.name}, {profile}: {matrix.name}; columns are {matrix.columns.option}', *lines])
