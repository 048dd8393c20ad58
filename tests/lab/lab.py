# SPDX-License-Identifier: Apache-2.0
"""What a test gets: guests on private libvirts, checked and cleared away at its end."""

import atexit
import collections.abc
import itertools
import pathlib
import shutil
import time
import types
import typing

from lab import paths
from lab import private_libvirt
from lab.options import Options
from lab.vm import Vm

KEEP_RUNS = 10


class Hosts:
    """Private libvirts by name, started when first asked for, kept until close()."""

    def __init__(self) -> None:
        self._hosts: dict[str, private_libvirt.PrivateLibvirt] = {}
        atexit.register(self.close)

    def get(self, name: str) -> private_libvirt.PrivateLibvirt:
        if name not in self._hosts:
            self._hosts[name] = private_libvirt.PrivateLibvirt(name)
        return self._hosts[name]

    def close(self) -> None:
        while self._hosts:
            self._hosts.popitem()[1].close()


class Lab:
    """Guests of one test, or of one person."""

    _numbers = itertools.count(1)

    def __init__(self, hosts: Hosts, artefacts: pathlib.Path) -> None:
        self._hosts = hosts
        self.artefacts = artefacts
        self.vms: list[Vm] = []
        # Texts of kernel complaints that this test expects.
        self.allowed_complaints: list[str] = []

    def __enter__(self) -> 'Lab':
        return self

    def __exit__(self, kind: type | None, value: BaseException | None, trace: types.TracebackType | None) -> None:
        self.close()

    def host(self, name: str = 'a') -> private_libvirt.PrivateLibvirt:
        """A private libvirt; a second name gives a second one, e.g. to migrate to."""
        return self._hosts.get(name)

    def vm(self, host: str = 'a', **options: typing.Any) -> Vm:
        """Boots a guest and returns when it takes commands. What it can be like: see options.py."""
        vm = Vm(self.host(host), f'ht{next(self._numbers)}', Options(**options), self.artefacts)
        self.vms.append(vm)
        return vm

    def close(self) -> None:
        """Ends all guests."""
        for vm in self.vms:
            vm.destroy()

    def check(self) -> None:
        """Fails if the kernel of any guest has complained."""
        for vm in self.vms:
            vm.console.check(self.allowed_complaints)


def new_artefacts() -> pathlib.Path:
    """A folder for the logs of this run; those of runs long past go."""
    top = paths.artefacts()
    runs = sorted(path for path in top.glob('run-*') if path.is_dir())
    for old in runs[:-KEEP_RUNS]:
        shutil.rmtree(old, ignore_errors=True)
    folder = top / time.strftime('run-%Y%m%d-%H%M%S')
    for number in itertools.count(1):
        try:
            folder.mkdir()
            return folder
        except FileExistsError:
            folder = folder.with_name(f'{folder.name}.{number}')
    raise AssertionError('unreachable')


def options_help() -> collections.abc.Iterator[str]:
    """Names and defaults of the options of Lab.vm()."""
    for name, field in Options.__dataclass_fields__.items():
        yield f'{name}={field.default!r}'
