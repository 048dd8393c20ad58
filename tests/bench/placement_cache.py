# SPDX-License-Identifier: Apache-2.0
"""Results of runs that were done before: a run that was broken off goes on where it was."""

import hashlib
import json
import pathlib
import typing

from bench.placement_run import KERNEL, Case
from lab import kernels
from lab import paths
from lab.vpebs import build

# Grows when the way of measuring changes.
VERSION = 1


def folder() -> pathlib.Path:
    return paths.REPO / 'build' / 'bench' / 'placement'


def path_of(case: Case) -> pathlib.Path:
    """Where the results of a case are; another name for everything that would change them."""
    design = case.design()
    key = {
        'version': VERSION,
        'kernel': kernels.get(KERNEL).root.name,
        'plugin': hashlib.sha256(build.plugin().read_bytes()).hexdigest(),
        'program': case.workload.digest(),
        'command': case.workload.command(case.warmup_seconds, case.vcpus),
        'footprint': case.footprint,
        # With all-FMEM it does not matter how much that is.
        'fmem': 100 if design.all_fmem else case.fmem,
        'vms': case.vms,
        'design': design.settings(),
    }
    digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:16]
    return folder() / f'{case.workload.name}-{design.name}-{key["fmem"]}-{digest}.json'


def load(path: pathlib.Path) -> list[dict[str, typing.Any]] | None:
    try:
        return json.loads(path.read_text(encoding='utf-8'))
    except (FileNotFoundError, json.JSONDecodeError):
        return None


def store(path: pathlib.Path, results: list[dict[str, typing.Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_suffix('.new')
    scratch.write_text(json.dumps(results) + '\n', encoding='utf-8')
    scratch.rename(path)
