# SPDX-License-Identifier: Apache-2.0
"""Charts of a placement run, as SVG: modelled time, hit ratio over time, guest CPU by stage."""

import pathlib
import types
import typing

from bench import placement_figures
from bench.placement_figures import Figures
from bench.placement_table import Measured
from lab import errors

COLOURS = {'first-touch': '#9e9e9e', 'kernel-tiering': '#e69f00', 'damon': '#cc79a7', 'hyperplace-pebs': '#0072b2',
           'hyperplace-accessed-bit': '#56b4e9', 'all-fmem': '#009e73'}
STAGE_COLOURS = ('#0072b2', '#e69f00', '#009e73', '#cc79a7', '#9e9e9e')
# Charts side by side.
COLUMNS = 4


def pyplot() -> types.ModuleType:
    """Matplotlib, which nothing else here needs."""
    try:
        import matplotlib
    except ImportError as error:
        raise errors.LabError('--chart needs matplotlib: run tests/bench/install') from error
    matplotlib.use('Agg')
    # Texts stay texts, and equal results give equal files.
    matplotlib.rcParams.update({'svg.fonttype': 'none', 'svg.hashsalt': 'hypertier', 'font.size': 9})
    import matplotlib.pyplot
    return matplotlib.pyplot


def draw(measured: Measured, profiles: typing.Sequence[str], folder: pathlib.Path) -> list[pathlib.Path]:
    """Writes all charts; their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    suffix = f'fmem{measured.fmem}' + (f'-vms{measured.vms}' if measured.vms > 1 else '')
    drawn = []
    for profile in profiles:
        drawn.append(folder / f'placement-time-{profile}-{suffix}.svg'.replace('+', '-'))
        _save(_times(measured, profile), drawn[-1])
    drawn.append(folder / f'placement-convergence-{suffix}.svg')
    _save(_convergence(measured), drawn[-1])
    drawn.append(folder / f'placement-cpu-{suffix}.svg')
    _save(_cpu(measured), drawn[-1])
    return drawn


def _save(figure: typing.Any, path: pathlib.Path) -> None:
    figure.savefig(path, format='svg', metadata={'Date': None}, bbox_inches='tight')
    pyplot().close(figure)


def _designs(measured: Measured) -> list[str]:
    ran = {design for designs in measured.figures.values() for design in designs}
    return [design for design in COLOURS if design in ran]


def _times(measured: Measured, profile: str) -> typing.Any:
    """Bars: time of each design by workload, first-touch being 1."""
    designs = [design for design in _designs(measured) if design != 'first-touch']
    workloads = [name for name in measured.figures if measured.time(name, 'first-touch', profile)]
    figure, axes = pyplot().subplots(figsize=(max(6, 1.1 * len(workloads) + 1), 3.2))
    width = 0.8 / max(1, len(designs))
    for i, design in enumerate(designs):
        heights = []
        for name in workloads:
            time, base = measured.time(name, design, profile), measured.time(name, 'first-touch', profile)
            heights.append(time / base if time and base else 0.0)
        places = [at + (i - (len(designs) - 1) / 2) * width for at in range(len(workloads))]
        axes.bar(places, heights, width, label=design, color=COLOURS[design])
    axes.axhline(1, color=COLOURS['first-touch'], linewidth=1)
    axes.set_xticks(range(len(workloads)), workloads, rotation=30, ha='right')
    axes.set_ylabel('modelled time, first-touch = 1')
    axes.set_title(f'{profile}, FMEM {measured.fmem} % of the working set (lower is better)')
    axes.legend(fontsize=7, ncols=5, loc='upper center', bbox_to_anchor=(0.5, -0.3))
    return figure


def _grid(count: int, width: float, height: float) -> tuple[typing.Any, list[typing.Any]]:
    columns = min(COLUMNS, max(1, count))
    rows = -(-count // columns) or 1
    figure, axes = pyplot().subplots(rows, columns, figsize=(width * columns, height * rows), squeeze=False,
                                     layout='constrained')
    flat = list(axes.flat)
    for unused in flat[count:]:
        unused.set_visible(False)
    return figure, flat[:count]


def _convergence(measured: Measured) -> typing.Any:
    """Lines: FMEM's share of the misses, by seconds since the workload started, one chart a workload."""
    figure, axes = _grid(len(measured.figures), 3, 2.2)
    for axis, (name, designs) in zip(axes, measured.figures.items()):
        for design in _designs(measured):
            if design in designs and design != 'all-fmem':
                points = designs[design].convergence
                axis.plot([at for at, _ in points], [100 * ratio for _, ratio in points], color=COLOURS[design],
                          linewidth=1.2, label=design)
        axis.set_title(name, fontsize=9)
        axis.set_ylim(0, 100)
    if axes:
        axes[0].set_ylabel('FMEM hits, %')
        axes[0].set_xlabel("s of the guest's time")
        figure.legend(*axes[0].get_legend_handles_labels(), loc='upper center', bbox_to_anchor=(0.5, 0), ncols=5,
                      fontsize=8)
    return figure


def _cpu(measured: Measured) -> typing.Any:
    """Stacked bars: CPU of what does the tiering, as a share of one vCPU's time in the run, by stage."""
    designs = [design for design in _designs(measured)
               if any(_stages(figures[design]) for figures in measured.figures.values() if design in figures)]
    figure, axes = _grid(len(designs), 3.2, 2.6)
    for axis, design in zip(axes, designs):
        ran = {name: figures[design] for name, figures in measured.figures.items() if design in figures}
        stages = sorted({stage for figures in ran.values() for stage in _stages(figures)}, key=_stage_order)
        bottom = [0.0] * len(ran)
        for stage, colour in zip(stages, STAGE_COLOURS):
            heights = [100 * _stages(figures).get(stage, 0.0) / figures.run_seconds for figures in ran.values()]
            axis.bar(list(ran), heights, bottom=bottom, label=stage, color=colour)
            bottom = [below + height for below, height in zip(bottom, heights)]
        axis.set_title(design, fontsize=9)
        axis.tick_params(axis='x', rotation=90)
        axis.legend(fontsize=7)
    if axes:
        axes[0].set_ylabel('% of one vCPU')
    return figure


def _stages(figures: Figures) -> dict[str, float]:
    return {stage: seconds for stage, seconds in figures.cpu_seconds.items() if seconds >= 0.001}


def _stage_order(stage: str) -> tuple[int, str]:
    stages = placement_figures.STAGES
    return (stages.index(stage), stage) if stage in stages else (len(stages), stage)
