# SPDX-License-Identifier: Apache-2.0
"""The guest's initramfs: busybox, a few kernel modules, our modules and agent, the lab's own programs.

Uncompressed: unpacking costs an emulated guest more than reading. Cached under a hash of everything in it.
"""

import collections.abc
import hashlib
import lzma
import os
import pathlib
import shutil
import subprocess
import tempfile

from lab import errors
from lab import kernels
from lab import kmod
from lab import locked
from lab import paths

# What a lab guest may load. A name that is built into the kernel is skipped.
MODULES = ('virtio_pci', 'virtio_console', 'virtio_balloon', 'virtio_mem', 'zram', 'lz4_compress')
BUSYBOX = pathlib.Path('/bin/busybox')
CFLAGS = ('-std=gnu17', '-O2', '-Wall', '-Wextra', '-static')
KEEP = 12


def build(kernel: kernels.Kernel, agent: pathlib.Path | None = None,
          programs: collections.abc.Iterable[pathlib.Path] = ()) -> pathlib.Path:
    """The image for a kernel, with `agent` if given, and further static programs."""
    wanted = dict(_modules(kernel))
    for name in ('hyperflex', 'hyperplace', 'stale_int3'):
        wanted[f'lib/modules/{kernel.release}/updates/{name}.ko'] = kmod.build(name, kernel).read_bytes()
    wanted['init'] = (paths.GUEST / 'init').read_bytes()
    wanted['bin/busybox'] = _read(BUSYBOX, 'install busybox-static')
    for source in sorted(paths.GUEST.glob('*.c')):
        wanted[f'sbin/{source.stem}'] = program(source).read_bytes()
    if agent is not None:
        wanted['sbin/hypertier-agent'] = _read(agent, 'build the agent first')
    for path in programs:
        wanted[f'sbin/{path.name}'] = path.read_bytes()
    digest = hashlib.sha256()
    for name, content in sorted(wanted.items()):
        digest.update(f'{name} {len(content)} '.encode())
        digest.update(content)
    digest.update(pathlib.Path(__file__).read_bytes())
    folder = paths.cache() / 'images'
    image = folder / f'{kernel.release}-{digest.hexdigest()[:16]}.cpio'
    with locked.lock(folder / '.lock'):
        if not image.exists():
            _pack(kernel, wanted, image)
            _forget_old(folder)
        os.utime(image)
    return image


def _read(path: pathlib.Path, remedy: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise errors.LabError(f'no {path} for the guest image ({error.strerror}); {remedy}') from error


def _modules(kernel: kernels.Kernel) -> collections.abc.Iterator[tuple[str, bytes]]:
    """Path in the image and content of each wanted module and of those it needs."""
    needs = {}
    for line in (kernel.modules / 'modules.dep').read_text(encoding='utf-8').splitlines():
        path, _, others = line.partition(':')
        needs[path] = others.split()
    by_name = {pathlib.PurePath(path).name.split('.')[0].replace('-', '_'): path for path in needs}
    found = set()
    for name in MODULES:
        if name in by_name:
            found.update([by_name[name], *needs[by_name[name]]])
    for path in found:
        content = (kernel.modules / path).read_bytes()
        if path.endswith('.xz'):
            content = lzma.decompress(content)
        yield f'lib/modules/{kernel.release}/{path.removesuffix(".xz")}', content
    for index in ('modules.builtin', 'modules.order'):
        yield f'lib/modules/{kernel.release}/{index}', (kernel.modules / index).read_bytes()


def program(source: pathlib.Path, *headers: pathlib.Path) -> pathlib.Path:
    """A test program, compiled; `headers`: what it includes beside the system's."""
    digest = hashlib.sha256(' '.join(CFLAGS).encode())
    for path in (source, *headers):
        digest.update(path.read_bytes())
    binary = paths.cache() / 'programs' / f'{source.stem}-{digest.hexdigest()[:16]}'
    with locked.lock(binary.parent / '.lock'):
        if not binary.exists():
            scratch = binary.with_suffix('.new')
            done = subprocess.run(['gcc', *CFLAGS, '-o', scratch, source], capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise errors.LabError(f'cannot compile {source}:\n{done.stderr}')
            subprocess.run(['strip', scratch], check=True)
            scratch.rename(binary)
    return binary


def _pack(kernel: kernels.Kernel, wanted: dict[str, bytes], image: pathlib.Path) -> None:
    with tempfile.TemporaryDirectory(prefix='hypertier-image-') as scratch:
        root = pathlib.Path(scratch)
        for name, content in wanted.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            path.chmod(0o644 if '/modules/' in name else 0o755)
        for folder in ('dev', 'proc', 'sys', 'tmp', 'run', 'root', 'etc', 'usr/bin', 'usr/sbin', 'var/log'):
            (root / folder).mkdir(parents=True, exist_ok=True)
        applets = subprocess.run([BUSYBOX, '--list'], capture_output=True, text=True, check=True).stdout.split()
        for applet in applets:
            if not (root / 'bin' / applet).exists():
                (root / 'bin' / applet).symlink_to('busybox')
        subprocess.run(['depmod', '-b', root, kernel.release], check=True, capture_output=True)
        names = sorted(str(path.relative_to(root)) for path in root.rglob('*'))
        made = image.with_suffix('.new')
        with open(made, 'wb') as file:
            subprocess.run(['cpio', '--quiet', '--create', '--format=newc', '--owner=0:0', '--reproducible', '--null'],
                           cwd=root, input='\0'.join(names).encode() + b'\0', stdout=file, check=True)
        made.rename(image)


def _forget_old(folder: pathlib.Path) -> None:
    images = sorted(folder.glob('*.cpio'), key=lambda path: path.stat().st_mtime)
    for image in images[:-KEEP]:
        image.unlink()


def clear() -> None:
    """Forgets all images."""
    shutil.rmtree(paths.cache() / 'images', ignore_errors=True)
