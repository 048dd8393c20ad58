# SPDX-License-Identifier: Apache-2.0
"""Runs one private libvirt and takes it all away afterwards. A process of its own, started by private_libvirt.py.

It is in a mount namespace of its own (whoever starts it sees to that), and the reaper of all its descendants: a QEMU
that libvirtd made a daemon of stays below it. Commands come as lines on standard input, each is answered by a line on
standard output:

    start NAME          starts virtlogd or libvirtd and waits until it answers
    stop NAME SIGNAL    kills it and waits for its end

When standard input ends, because it was closed or because the process that held it died in any way, everything below
is killed and the folder removed.
"""

import ctypes
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

PR_SET_CHILD_SUBREAPER = 36
START_SECONDS = 60
# Where libvirt keeps things, and the name of the folder that stands in for it.
PLACES = {
    '/etc/libvirt': 'etc',
    '/run/libvirt': 'run',
    '/var/lib/libvirt': 'lib',
    '/var/log/libvirt': 'log',
    '/var/cache/libvirt': 'cache',
}
SOCKETS = {'virtlogd': '/run/libvirt/virtlogd-sock', 'libvirtd': '/run/libvirt/libvirt-sock'}


def mount(folder: pathlib.Path) -> None:
    for place, own in PLACES.items():
        pathlib.Path(place).mkdir(parents=True, exist_ok=True)
        (folder / own).mkdir(exist_ok=True)
        subprocess.run(['mount', '--bind', folder / own, place], check=True)


class Children:
    """Reaps every process below this one, at once: libvirt waits for a QEMU it kills until its pid is gone."""

    def __init__(self) -> None:
        self._ended: set[int] = set()
        threading.Thread(target=self._reap, daemon=True).start()

    def ended(self, pid: int) -> bool:
        return pid in self._ended

    def wait(self, pid: int) -> None:
        while not self.ended(pid):
            time.sleep(0.005)

    def _reap(self) -> None:
        while True:
            try:
                self._ended.add(os.waitpid(-1, 0)[0])
            except ChildProcessError:
                time.sleep(0.02)


def start(name: str, children: Children) -> int:
    """Starts a daemon and waits until it listens; returns its pid."""
    with open(f'/var/log/libvirt/{name}.stderr', 'ab') as log:
        # Named files: the defaults lie outside of the private folders.
        command = [name, '--config', f'/etc/libvirt/{name}.conf', '--pid-file', f'/run/libvirt/{name}.pid']
        pid = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True).pid
    deadline = time.monotonic() + START_SECONDS
    while not answers(SOCKETS[name]):
        if children.ended(pid):
            said = pathlib.Path(f'/var/log/libvirt/{name}.stderr').read_text(encoding='utf-8')
            raise RuntimeError(f'{name} ended at once: {said}')
        if time.monotonic() > deadline:
            raise RuntimeError(f'{name} does not listen after {START_SECONDS} s')
        time.sleep(0.02)
    return pid


def answers(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(path)
        except OSError:
            return False
    return True


def descendants() -> list[int]:
    """All processes below this one."""
    children: dict[int, list[int]] = {}
    for entry in pathlib.Path('/proc').iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / 'stat').read_text(encoding='latin-1').rpartition(')')[2].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found = []
    waiting = [os.getpid()]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def end_all() -> None:
    """Again and again, as what is being killed may have started something, and its children come to us."""
    while left := descendants():
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        time.sleep(0.01)


def obey(line: str, daemons: dict[str, int], children: Children) -> None:
    verb, name, *rest = line.split()
    if verb == 'start':
        daemons[name] = start(name, children)
    elif verb == 'stop':
        os.kill(daemons[name], int(rest[0]))
        children.wait(daemons.pop(name))


def main() -> int:
    folder = pathlib.Path(sys.argv[1])
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    daemons: dict[str, int] = {}
    try:
        mount(folder)
        children = Children()
        for line in sys.stdin:
            try:
                obey(line, daemons, children)
                answer = f'ok {os.getpid()}'
            except (OSError, RuntimeError, KeyError) as error:
                answer = f'failed: {error}'
            print(answer.replace('\n', ' '), flush=True)
    finally:
        end_all()
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == '__main__':
    sys.exit(main())
