# SPDX-License-Identifier: Apache-2.0
"""What every benchmark prints: a table for people, a list of ratios for machines."""

import collections.abc
import dataclasses
import json
import pathlib
import sys
import time
import typing


@dataclasses.dataclass(frozen=True)
class Row:
    """One number of ours against one peer's, in the same unit, measured in the same run."""
    metric: str
    value: float
    unit: str
    versus: str
    peer: float
    # What else tells this row from others, e.g. {'init_on_alloc': 1}.
    conditions: dict[str, typing.Any] = dataclasses.field(default_factory=dict)
    # The ratio then says how many times as fast we are, as it does for speeds.
    lower_is_better: bool = False

    @property
    def ratio(self) -> float:
        above, below = (self.peer, self.value) if self.lower_is_better else (self.value, self.peer)
        return above / below if below else float('inf')

    def as_json(self) -> dict[str, typing.Any]:
        return {'metric': self.metric, 'value': round(self.value, 4), 'unit': self.unit, 'versus': self.versus,
                'ratio': round(self.ratio, 2), **self.conditions}


# Share of the time in which something waited for a CPU, above which ratios are not to be trusted.
BUSY_SHARE = 0.1


def others_are_busy() -> bool:
    """Watches for a second, in which the benchmark itself must do nothing, whether others use this machine; says so.

    Who waits for the host at every step suffers more from that than who does not.
    """
    try:
        before = _waited_seconds()
        time.sleep(1)
        share = _waited_seconds() - before
    except OSError:
        return False  # The kernel does not tell.
    if share > BUSY_SHARE:
        progress(f'WARNING: the machine is busy ({share:.0%} CPU pressure), so ratios are wrong: run it again idle')
    return share > BUSY_SHARE


def _waited_seconds() -> float:
    """Time in which anything waited for a CPU, since boot."""
    pressure = pathlib.Path('/proc/pressure/cpu').read_text(encoding='utf-8')
    return int(pressure.split('total=')[1].split()[0]) / 1e6


def progress(text: str) -> None:
    """To standard error, so that the table can be piped."""
    print(text, file=sys.stderr, flush=True)


def table(rows: collections.abc.Sequence[Row]) -> str:
    heads = ['metric', *(rows[0].conditions if rows else {}), 'ours', 'peer', 'unit', 'versus', 'ratio']
    lines = [[row.metric, *map(str, row.conditions.values()), f'{row.value:.2f}', f'{row.peer:.2f}', row.unit,
              row.versus, f'{row.ratio:.1f}x'] for row in rows]
    widths = [max(len(line[i]) for line in [heads, *lines]) for i in range(len(heads))]
    return '\n'.join('  '.join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip()
                     for line in [heads, ['-' * width for width in widths], *lines])


def write_json(rows: collections.abc.Sequence[Row], path: pathlib.Path) -> None:
    path.write_text(json.dumps([row.as_json() for row in rows], indent=2) + '\n', encoding='utf-8')
