# SPDX-License-Identifier: Apache-2.0
"""Debian's kernels and their headers, fetched into the cache without installing anything.

A folder that exists under its final name is complete: it gets that name last.
"""

import argparse
import collections.abc
import dataclasses
import functools
import pathlib
import re
import subprocess
import sys

from lab import errors
from lab import locked
from lab import paths

SERIES = ('6.1', '6.12')


@dataclasses.dataclass(frozen=True)
class Kernel:
    """One kernel, ready to boot and to build modules for."""
    series: str
    release: str
    root: pathlib.Path

    @property
    def vmlinuz(self) -> pathlib.Path:
        return self.root / 'boot' / f'vmlinuz-{self.release}'

    @property
    def modules(self) -> pathlib.Path:
        return self.root / 'lib' / 'modules' / self.release

    @property
    def kdir(self) -> pathlib.Path:
        """For `make KDIR=`."""
        return self.root / 'usr' / 'src' / f'linux-headers-{self.release}'


@functools.cache
def get(series: str) -> Kernel:
    """The newest kernel of a series ("6.1" or "6.12") that apt knows; from the cache if it is there."""
    if series not in SERIES:
        raise errors.LabError(f'no kernel series {series!r}; the lab knows {", ".join(SERIES)}')
    folder = paths.cache() / 'kernels'
    with locked.lock(folder / f'.{series}.lock'):
        found = _newest_known(series) or _after_adding_backports(series)
        if found is None:
            kernel = _newest_cached(folder, series)
            if kernel is None:
                remedy = 'run `apt-get update` as root'
                raise errors.LabError(f'apt knows no linux-image-amd64 of series {series}; {remedy}')
            return kernel
        release, version = found
        kernel = Kernel(series, release, folder / f'{release}_{version}')
        if not kernel.root.exists():
            _fetch(kernel, version)
        return kernel


def _newest_known(series: str) -> tuple[str, str] | None:
    """(release, package version) that the meta package of the series leads to."""
    shown = subprocess.run(['apt-cache', 'show', 'linux-image-amd64'],
                           capture_output=True, text=True, check=False).stdout
    known = []
    for stanza in shown.split('\n\n'):
        version = re.search(r'^Version: (\S+)', stanza, re.MULTILINE)
        release = re.search(r'^Depends: .*?linux-image-(\S+-amd64)', stanza, re.MULTILINE)
        if version and release and version[1].startswith(f'{series}.'):
            known.append((release[1], version[1]))
    return max(known, key=functools.cmp_to_key(lambda a, b: _compare(a[1], b[1])), default=None)


def _after_adding_backports(series: str) -> tuple[str, str] | None:
    added = subprocess.run([paths.LAB / 'apt-backports'], stdout=sys.stderr, check=False)
    return _newest_known(series) if added.returncode == 0 else None


def _newest_cached(folder: pathlib.Path, series: str) -> Kernel | None:
    cached = [path.name.split('_', 1) for path in folder.glob(f'{series}.*_*')]
    if not cached:
        return None
    release, version = max(cached, key=functools.cmp_to_key(lambda a, b: _compare(a[1], b[1])))
    return Kernel(series, release, folder / f'{release}_{version}')


def _compare(one: str, other: str) -> int:
    """Debian's order of versions."""
    if one == other:
        return 0
    less = subprocess.run(['dpkg', '--compare-versions', one, 'lt', other], check=False).returncode == 0
    return -1 if less else 1


def _fetch(kernel: Kernel, version: str) -> None:
    print(f'fetching kernel {kernel.release} ({version})', file=sys.stderr)
    with locked.building(kernel.root) as root:
        packages = root / 'packages'
        packages.mkdir()
        headers = f'linux-headers-{kernel.release}'
        names = [f'linux-image-{kernel.release}={version}', f'{headers}={version}']
        _download(names, packages)
        _download(list(_needed_by(packages, headers, version)), packages)
        for package in sorted(packages.iterdir()):
            _call(['dpkg-deb', '-x', package, root])
            package.unlink()
        packages.rmdir()
        # Debian's Makefile for modules names its other half by an absolute path.
        makefile = root / 'usr' / 'src' / headers / 'Makefile'
        text = makefile.read_text(encoding='utf-8')
        makefile.write_text(text.replace('include /usr/src/', f'include {kernel.root}/usr/src/'), encoding='utf-8')
        _call(['depmod', '-b', root, kernel.release])


def _needed_by(packages: pathlib.Path, headers: str, version: str) -> collections.abc.Iterator[str]:
    """The packages beside `headers` that a module build needs."""
    package, = packages.glob(f'{headers}_*.deb')
    depends = subprocess.run(['dpkg-deb', '-f', package, 'Depends'],
                             capture_output=True, text=True, check=True).stdout
    for name in re.findall(r'(linux-headers-\S+-common|linux-kbuild-[^\s,]+)', depends):
        yield f'{name}={version}'


def _download(names: list[str], folder: pathlib.Path) -> None:
    _call(['apt-get', 'download', '-q', '-o', 'APT::Sandbox::User=root', *names], cwd=folder)


def _call(command: list, cwd: pathlib.Path | None = None) -> None:
    done = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        words = ' '.join(str(word) for word in command)
        raise errors.LabError(f'{words} failed with status {done.returncode}:\n{done.stdout}')


def main() -> int:
    parser = argparse.ArgumentParser(description='Fetches guest kernels; prints series, release, vmlinuz and KDIR.')
    parser.add_argument('--kdir', action='store_true', help='print only what `make KDIR=` wants')
    parser.add_argument('series', nargs='*', default=SERIES, help=f'default: {" ".join(SERIES)}')
    args = parser.parse_args()
    for series in args.series:
        kernel = get(series)
        print(*[kernel.kdir] if args.kdir else [series, kernel.release, kernel.vmlinuz, kernel.kdir], sep='\t')
    return 0
