# SPDX-License-Identifier: Apache-2.0
"""Builds a module, of guest-kmod or the lab's own, for a lab kernel.

Outside of the source tree: several kernels have it side by side.
"""

import hashlib
import pathlib
import subprocess

from lab import errors
from lab import kernels
from lab import locked
from lab import paths


def build(name: str, kernel: kernels.Kernel, *options: str) -> pathlib.Path:
    """The module without its debugging information; `options` are make's."""
    source = next(parent / name for parent in (paths.KMOD, paths.GUEST) if (parent / name).is_dir())
    digest = hashlib.sha256(f'{kernel.root} {options}'.encode())
    for path in sorted(source.iterdir()):
        if path.name in ('Makefile', 'Kbuild') or path.suffix in ('.c', '.h') and '.mod.' not in path.name:
            digest.update(path.name.encode() + path.read_bytes())
    final = paths.cache() / 'kmod' / f'{name}-{kernel.release}-{digest.hexdigest()[:16]}'
    with locked.lock(final.parent / '.lock'):
        if not final.exists():
            with locked.building(final) as scratch:
                _make(source, kernel, scratch, options)
    return final / f'{name}.ko'


def _make(source: pathlib.Path, kernel: kernels.Kernel, scratch: pathlib.Path, options: tuple[str, ...]) -> None:
    done = subprocess.run(['make', '-C', source, f'KDIR={kernel.kdir}', f'BUILD={scratch}', *options],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        raise errors.LabError(f'{source.name} does not build for {kernel.release}:\n{done.stdout}')
    subprocess.run(['strip', '--strip-debug', scratch / f'{source.name}.ko'], check=True)
