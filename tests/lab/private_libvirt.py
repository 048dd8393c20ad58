# SPDX-License-Identifier: Apache-2.0
"""A libvirt of one's own: virtlogd and a privileged libvirtd in a mount namespace where /etc/libvirt, /run/libvirt and
the rest are private folders. The machine's own libvirt is never touched, and two of these can stand beside each other
and migrate to one another.
"""

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import types
import uuid

import libvirt

from lab import errors
from lab import paths

CONFIG = {
    'libvirtd.conf': '''\
auth_unix_ro = "none"
auth_unix_rw = "none"
# libvirt refuses to migrate between two that it takes for one host.
host_uuid = "{host_uuid}"
log_outputs = "2:file:/var/log/libvirt/libvirtd.log"
''',
    'qemu.conf': '''\
user = "root"
group = "root"
security_driver = "none"
remember_owner = 0
namespaces = []
cgroup_controllers = []
memory_backing_dir = "/var/lib/libvirt/qemu/ram"
''',
    'virtlogd.conf': '''\
log_outputs = "2:file:/var/log/libvirt/virtlogd.log"
# Consoles are read while they are written, so they must not be rolled over.
max_size = 1073741824
''',
}


def usable() -> str:
    """Why no private libvirt can run here, or ""."""
    if os.geteuid() != 0:
        return 'needs root (mount namespace, privileged libvirtd)'
    missing = [name for name in ('libvirtd', 'virtlogd', 'virsh', 'qemu-system-x86_64') if not shutil.which(name)]
    return f'not installed: {", ".join(missing)}' if missing else ''


class PrivateLibvirt:
    """Runs from construction to close(). All that is in it ends with it, at the latest when this process ends."""

    def __init__(self, name: str = 'a') -> None:
        reason = usable()
        if reason:
            raise errors.LabError(f'no private libvirt: {reason}')
        # Short: paths of Unix sockets lie below it (at most 107 bytes).
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f'htlab-{name}-', dir='/tmp'))
        self.folder.chmod(0o755)
        self._connection: libvirt.virConnect | None = None
        etc = self.folder / 'etc'
        etc.mkdir()
        for file, text in CONFIG.items():
            (etc / file).write_text(text.format(host_uuid=uuid.uuid4()), encoding='utf-8')
        supervisor = [paths.LAB / 'supervise.py', self.folder]
        self._supervisor = subprocess.Popen(
            ['unshare', '--mount', '--propagation', 'private', '--', '/usr/bin/python3', *supervisor],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)
        try:
            for daemon in ('virtlogd', 'libvirtd'):
                self.start(daemon)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> 'PrivateLibvirt':
        return self

    def __exit__(self, kind: type | None, value: BaseException | None, trace: types.TracebackType | None) -> None:
        self.close()

    @property
    def uri(self) -> str:
        """Reaches this libvirt from anywhere on the machine."""
        return f'qemu+unix:///system?socket={self.folder}/run/libvirt-sock'

    @property
    def connection(self) -> libvirt.virConnect:
        """A connection, made again if the last one broke."""
        try:
            if self._connection is not None:
                self._connection.getLibVersion()
        except libvirt.libvirtError:
            self._connection = None
        if self._connection is None:
            # Errors come as exceptions; libvirt would print them as well.
            libvirt.registerErrorHandler(lambda _context, _error: None, None)
            self._connection = libvirt.open(self.uri)
        return self._connection

    def outside(self, path: str | pathlib.Path) -> pathlib.Path:
        """Where a path below /run/libvirt, /var/lib/libvirt or /var/log/libvirt is found from outside."""
        for place, own in (('/run/libvirt', 'run'), ('/var/lib/libvirt', 'lib'), ('/var/log/libvirt', 'log')):
            if pathlib.PurePath(path).is_relative_to(place):
                return self.folder / own / pathlib.PurePath(path).relative_to(place)
        return pathlib.Path(path)

    def inside(self, command: list) -> list:
        """The same command, to be run in there. It replaces nsenter, so the process has the command's pid."""
        return ['nsenter', f'--mount=/proc/{self._supervisor.pid}/ns/mnt', f'--wdns={os.getcwd()}', '--', *command]

    def start(self, daemon: str) -> None:
        """Starts "libvirtd" or "virtlogd"."""
        self._ask(f'start {daemon}')

    def stop(self, daemon: str, how: int = signal.SIGTERM) -> None:
        """Ends one of the daemons with a signal. Its virtual machines go on."""
        self._ask(f'stop {daemon} {int(how)}')

    def close(self) -> None:
        """Kills every daemon and virtual machine and removes the folder."""
        if self._connection is not None:
            try:
                self._connection.close()
            except libvirt.libvirtError:
                pass  # It broke with the daemon at its other end.
            self._connection = None
        if self._supervisor.stdin and not self._supervisor.stdin.closed:
            self._supervisor.stdin.close()
        self._supervisor.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _ask(self, line: str) -> None:
        assert self._supervisor.stdin and self._supervisor.stdout
        try:
            self._supervisor.stdin.write(f'{line}\n')
            self._supervisor.stdin.flush()
            answer = self._supervisor.stdout.readline()
        except BrokenPipeError:
            answer = ''
        if not answer.startswith('ok'):
            said = answer.strip() or 'its supervisor is gone'
            raise errors.LabError(f'private libvirt in {self.folder}: {line}: {said}')
