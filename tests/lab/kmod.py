# SPDX-License-Identifier: Apache-2.0
"""Builds kernel modules for the lab's kernels: the product's, and the lab's own.

Outside of the source tree, on links to the sources: several kernels have a module side by side.
"""

import hashlib
import pathlib
import subprocess

from lab import errors
from lab import kernels
from lab import locked
from lab import paths

SOURCES = {'hyperflex': paths.KMOD / 'hyperflex', 'hyperplace': paths.KMOD / 'hyperplace',
           'stale_int3': paths.GUEST / 'stale_int3', 'vpebs': paths.LAB / 'vpebs' / 'kmod'}
# What a module shares with others.
HEADERS = {'vpebs': (paths.LAB / 'vpebs' / 'layout.h',)}


def build(name: str, kernel: kernels.Kernel, *options: str) -> pathlib.Path:
    """The module without its debugging information; `options` are make's."""
    own = [path for path in sorted(SOURCES[name].iterdir()) if path.name == 'Kbuild' or path.suffix in ('.c', '.h')]
    # What a build within the tree has left there is none of ours.
    sources = [path for path in (*own, *HEADERS.get(name, ())) if '.mod.' not in path.name]
    digest = hashlib.sha256(f'{kernel.root} {options}'.encode())
    for path in sources:
        digest.update(path.name.encode() + path.read_bytes())
    final = paths.cache() / 'kmod' / f'{name}-{kernel.release}-{digest.hexdigest()[:16]}'
    with locked.lock(final.parent / '.lock'):
        if not final.exists():
            with locked.building(final) as scratch:
                _make(name, sources, kernel, scratch, options)
    return final / f'{name}.ko'


def _make(name: str, sources: list[pathlib.Path], kernel: kernels.Kernel, scratch: pathlib.Path,
          options: tuple[str, ...]) -> None:
    for path in sources:
        (scratch / path.name).symlink_to(path)
    done = subprocess.run(['make', '-C', kernel.kdir, f'M={scratch}', *options, 'modules'],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        raise errors.LabError(f'{name} does not build for {kernel.release}:\n{done.stdout}')
    subprocess.run(['strip', '--strip-debug', scratch / f'{name}.ko'], check=True)
