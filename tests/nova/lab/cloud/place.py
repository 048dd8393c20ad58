# SPDX-License-Identifier: Apache-2.0
"""Where the lab lives: its folder, logs, ports and secrets, and what its programs find in their environment."""

import pathlib
import secrets
import socket
import time

from cloud import daemon
from integration import hypertierd

REGION = 'RegionOne'
# For all programs to end by themselves; nothing that they could lose outlives them.
_PATIENCE_S = 3


class Place:
    """All that the parts of a lab share. close() ends all that was started here, the last first."""

    def __init__(self, folder: pathlib.Path, logs: pathlib.Path) -> None:
        self.folder = folder
        self.logs = logs
        self.password = secrets.token_hex(12)
        self.site = folder / 'site'
        self._ports: set[int] = set()
        self._daemons: list[daemon.Daemon] = []
        # Else Debian's own configuration is read beside ours.
        self.nothing = self.make('nothing')

    def make(self, name: str) -> pathlib.Path:
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def write(self, name: str, text: str) -> pathlib.Path:
        path = self.folder / name
        path.write_text(text, encoding='utf-8')
        return path

    def port(self) -> int:
        """One of loopback's that is free, and given to nobody else here."""
        while True:
            with socket.socket() as probe:
                probe.bind(('127.0.0.1', 0))
                port = probe.getsockname()[1]
            if port not in self._ports:
                self._ports.add(port)
                return port

    def environment(self, **more: object) -> dict[str, str]:
        """Nothing of the caller's: no proxy, no credentials."""
        return {'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'HOME': str(self.folder), 'LANG': 'C.UTF-8',
                'PYTHONDONTWRITEBYTECODE': '1', 'PYTHONUNBUFFERED': '1', 'PYTHONWARNINGS': 'ignore',
                'TMPDIR': str(self.make('tmp')), **{name: str(value) for name, value in more.items()}}

    def program(self, name: str, command: list, **environment: object) -> daemon.Daemon:
        """Of this name, not started yet."""
        made = daemon.Daemon(name, command, self.logs / f'{name}.log', self.environment(**environment))
        self._daemons.append(made)
        return made

    def start(self, name: str, command: list, **environment: object) -> daemon.Daemon:
        made = self.program(name, command, **environment)
        made.start()
        return made

    def run(self, name: str, command: list, timeout: float = 300, **environment: object) -> None:
        """To its end; raises when that is not a good one."""
        started = self.start(name, command, **environment)
        hypertierd.until(started.done, timeout, f'{name} ends', started.tail)

    def await_port(self, started: daemon.Daemon, port: int, timeout: float = 120) -> None:
        def listens() -> bool:
            if not started.running():
                raise RuntimeError(f'{started.name} has ended; the end of {started.log}:\n{started.tail()}')
            with socket.socket() as probe:
                return probe.connect_ex(('127.0.0.1', port)) == 0
        hypertierd.until(listens, timeout, f'{started.name} listens on port {port}', started.tail)

    def close(self) -> None:
        for one in self._daemons:
            one.end()
        deadline = time.monotonic() + _PATIENCE_S
        while self._daemons:
            self._daemons.pop().close(max(0.0, deadline - time.monotonic()))


def uwsgi(program: pathlib.Path | str, port: int) -> list:
    """Serves a WSGI program of Debian's."""
    # Without the header, keystoneauth goes on with a connection that uwsgi has closed.
    return ['uwsgi_python3', '--http-socket', f'127.0.0.1:{port}', '--wsgi-file', program, '--processes', '1',
            '--threads', '6', '--enable-threads', '--die-on-term', '--need-app', '--buffer-size', '65535',
            '--add-header', 'Connection: close', '--disable-logging']
