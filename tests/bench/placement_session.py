# SPDX-License-Identifier: Apache-2.0
"""Runs many cases, one after the other: those that are not known yet, with progress; one that fails stops no other."""

import time

from bench import placement_cache
from bench import placement_figures
from bench import placement_run
from bench import report
from lab import errors
from lab import lab as lab_module
from lab import sizes

# By number of the case.
Found = dict[int, placement_figures.Figures]


class Progress:
    """Says what is run, how much of it is done, and how long the rest will take."""

    def __init__(self, cases: int) -> None:
        self._cases = cases
        self._done = 0
        self._seconds: list[float] = []

    def begin(self, what: str) -> None:
        left = self._cases - self._done
        mean = sum(self._seconds) / len(self._seconds) if self._seconds else None
        eta = f'{left * mean / 60:.0f} min left' if mean else 'time left not known yet'
        report.progress(f'[{self._done}/{self._cases} {100 * self._done // self._cases:3} %, {eta}] {what}')

    def end(self, what: str, seconds: float | None) -> None:
        self._done += 1
        self._seconds += [seconds] if seconds is not None else []
        report.progress(f'  {what}')


def measure(cases: list[placement_run.Case], fresh: bool) -> tuple[Found, list[str]]:
    """Figures by number of the case, and what went wrong with those that have none."""
    found: Found = {}
    failures: list[str] = []
    paths = [placement_cache.path_of(case) for case in cases]
    known = {path for path in paths if not fresh and placement_cache.load(path)}
    progress = Progress(len(set(paths) - known))
    with lab_module.Lab(lab_module.Hosts(), lab_module.new_artefacts()) as lab:
        for number, (case, path) in enumerate(zip(cases, paths)):
            name = f'{case.workload.name} {case.design().name}, FMEM {case.fmem} %'
            try:
                results = placement_cache.load(path) if path in known else None
                if results is None:
                    progress.begin(name)
                    started = time.monotonic()
                    results = placement_run.run(lab, case)
                    placement_cache.store(path, results)
                    known.add(path)
                    progress.end(summary(results), time.monotonic() - started)
                found[number] = placement_figures.of(results)
            except (errors.LabError, errors.KernelComplaint) as error:
                failures.append(f'{name}: {error}')
                progress.end(f'FAILED: {error}', None)
    return found, failures


def summary(results: list[placement_figures.Result]) -> str:
    figures = placement_figures.of(results)
    times = ' '.join(f'{profile} {seconds:.4f} s' for profile, seconds in figures.seconds.items())
    return (f'{times}, {figures.hit_ratio:.1%} FMEM hits, {figures.moved_bytes / sizes.MIB:.0f} MiB moved, '
            f'took {figures.run_seconds:.0f} s')
