# SPDX-License-Identifier: Apache-2.0
"""A program of the lab: started by hand, ended by its pid, and at the latest with the process that started it."""

import os
import pathlib
import signal
import subprocess

# The kernel kills it when we end, however we end.
_WITH_US = ['setpriv', '--pdeathsig', 'KILL', '--']
# Characters of a line that are shown.
_WIDE = 300


class Daemon:
    """start() and stop() may be called over and over; the log goes on. Start it from the main thread."""

    def __init__(self, name: str, command: list, log: pathlib.Path, environment: dict[str, str]) -> None:
        self.name = name
        self._command = [*_WITH_US, *[str(word) for word in command]]
        self._environment = environment
        self.log = log
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        with open(self.log, 'ab') as log:
            self.process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=self._environment, start_new_session=True, cwd='/')

    def stop(self, how: int = signal.SIGTERM, timeout: float = 30) -> int:
        """Ends it with a signal; the status with which it ended."""
        assert self.process is not None, f'{self.name} was not started'
        self.process.send_signal(how)
        return self.process.wait(timeout)

    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def done(self) -> bool:
        """Of one that ends by itself: whether it has. Raises when it has failed."""
        assert self.process is not None
        status = self.process.poll()
        if status:
            raise RuntimeError(f'{self.name} ended with {status}; the end of {self.log}:\n{self.tail()}')
        return status == 0

    def tail(self, lines: int = 15) -> str:
        told = [line[:_WIDE] for line in self.text().splitlines() if ' DEBUG ' not in line]
        return '\n'.join(told[-lines:])

    def text(self) -> str:
        return self.log.read_text(encoding='utf-8', errors='replace') if self.log.exists() else ''

    def end(self) -> None:
        """Asks it to."""
        if self.running():
            self.process.terminate()

    def close(self, patience: float) -> None:
        """Kills what is left of it and of whatever it has started after so many seconds."""
        if self.process is None:
            return
        try:
            self.process.wait(patience)
        except subprocess.TimeoutExpired:
            pass
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
