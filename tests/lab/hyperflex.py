# SPDX-License-Identifier: Apache-2.0
"""Builds guest-kmod/hyperflex for a lab kernel, outside of the source tree: several kernels have it side by side."""

import hashlib
import pathlib
import subprocess

from lab import errors
from lab import kernels
from lab import locked
from lab import paths


def build(kernel: kernels.Kernel) -> pathlib.Path:
    """The module."""
    sources = [path for path in sorted(paths.HYPERFLEX.iterdir())
               if path.name in ('Makefile', 'Kbuild') or path.suffix in ('.c', '.h') and '.mod.' not in path.name]
    digest = hashlib.sha256(str(kernel.root).encode())
    for source in sources:
        digest.update(source.name.encode() + source.read_bytes())
    final = paths.cache() / 'kmod' / f'hyperflex-{kernel.release}-{digest.hexdigest()[:16]}'
    with locked.lock(final.parent / '.lock'):
        if not final.exists():
            with locked.building(final) as scratch:
                _make(kernel, scratch)
    return final / 'hyperflex.ko'


def _make(kernel: kernels.Kernel, scratch: pathlib.Path) -> None:
    done = subprocess.run(['make', '-C', paths.HYPERFLEX, f'KDIR={kernel.kdir}', f'BUILD={scratch}'],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        raise errors.LabError(f'hyperflex does not build for {kernel.release}:\n{done.stdout}')
