# SPDX-License-Identifier: Apache-2.0
"""Builds the plugin, the probe and the workloads, each cached under a hash of its sources."""

import collections.abc
import hashlib
import pathlib
import subprocess

from lab import errors
from lab import locked
from lab import paths

HERE = pathlib.Path(__file__).resolve().parent
LAYOUT = HERE / 'layout.h'
WORKLOADS = HERE.parent / 'workloads'
GRAPHS = ('bfs', 'pagerank')
LIBRARIES = {'sqlite': ('-lsqlite3',)}
PLUGIN_FLAGS = ('-std=gnu17', '-O3', '-Wall', '-Wextra', '-fPIC', '-shared', '-fvisibility=hidden', f'-I{HERE}')
PROBE_FLAGS = ('-std=gnu17', '-O2', '-Wall', '-Wextra', '-static', '-s')
WORKLOAD_FLAGS = ('-std=c++20', '-O2', '-Wall', '-Wextra', '-static', '-s', f'-I{paths.REPO}')


def plugin(api: int = 1) -> pathlib.Path:
    """The plugin for QEMU of one version of its plugin interface: 1 is QEMU 7.2, 4 is QEMU 10.0."""
    folder = HERE / 'plugin'
    command = ['gcc', *PLUGIN_FLAGS, f'-DVPEBS_API={api}', *sorted(folder.glob('*.c'))]
    return _compiled('vpebs.so', command, [LAYOUT, *folder.glob('*.h')])


def probe() -> pathlib.Path:
    """The program that checks the guest's PMU."""
    return _compiled('probe', ['gcc', *PROBE_FLAGS, HERE / 'probe.c'], [])


def workload(name: str) -> pathlib.Path:
    """A static program of tests/lab/workloads."""
    source = WORKLOADS / f'{name}.cc'
    if not source.is_file():
        raise errors.LabError(f'no workload {name!r} in {WORKLOADS}')
    sources = [source, *[WORKLOADS / 'kronecker.cc'] * (name in GRAPHS)]
    command = ['g++', *WORKLOAD_FLAGS, *sources, *LIBRARIES.get(name, ())]
    return _compiled(name, command, [LAYOUT, *WORKLOADS.glob('*.h')])


def _compiled(name: str, command: list, also: list[pathlib.Path]) -> pathlib.Path:
    """The output of a compiler that is told everything but where to write; `also`: files that the sources include."""
    sources = [word for word in command if isinstance(word, pathlib.Path)]
    read = [*sources, *sorted(also)]
    return _built(name, lambda scratch: [*command, '-o', scratch / name], read, str(command)) / name


def _built(name: str, command: collections.abc.Callable[[pathlib.Path], list], sources: list[pathlib.Path],
           salt: str) -> pathlib.Path:
    digest = hashlib.sha256(salt.encode())
    for source in sources:
        digest.update(source.name.encode() + source.read_bytes())
    final = paths.cache() / 'vpebs' / f'{name}-{digest.hexdigest()[:16]}'
    with locked.lock(final.parent / f'.{name}.lock'):
        if not final.exists():
            with locked.building(final) as scratch:
                done = subprocess.run(command(scratch), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                      check=False)
                if done.returncode != 0:
                    raise errors.LabError(f'{name} does not build:\n{done.stdout}')
    return final
