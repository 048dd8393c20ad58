# SPDX-License-Identifier: Apache-2.0
"""The host's end of the command runner; guest/labd.c is the other and describes the lines."""

import base64
import itertools
import random
import secrets
import signal
import socket
import threading
import time

from lab import errors

PIECE = 48 * 1024
# A command that was killed gets this long to end before the guest is taken for hung.
GRACE_SECONDS = 10.0


class Command:
    """A command that runs in a guest."""

    def __init__(self, channel: 'Channel', number: int, script: str) -> None:
        self.script = script
        self._channel = channel
        self._number = number
        self._out = bytearray()
        self._err = bytearray()
        self._status: int | None = None
        self._lost = ''
        self._changed = threading.Condition()

    @property
    def stdout(self) -> str:
        """What it has printed up to now."""
        return bytes(self._out).decode(errors='replace')

    @property
    def stdout_bytes(self) -> bytes:
        return bytes(self._out)

    @property
    def stderr(self) -> str:
        return bytes(self._err).decode(errors='replace')

    @property
    def running(self) -> bool:
        return self._status is None and not self._lost

    def wait(self, timeout: float = 60) -> int:
        """Its exit status; 128 + N when signal N killed it. A command that takes longer is killed."""
        if not self._wait(timeout):
            self.kill()
            ended = self._wait(GRACE_SECONDS)
            how = 'killed' if ended else 'cannot even be killed'
            raise errors.GuestTimeout(f'{how} after {timeout} s: {self.script}\n{self.stdout}{self.stderr}')
        if self._status is None:
            raise errors.LabError(f'{self._lost}: {self.script}')
        return self._status

    def wait_for(self, text: str, timeout: float = 60) -> None:
        """Until its standard output contains a text."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while text not in self.stdout:
                left = deadline - time.monotonic()
                if not self.running or not self._changed.wait(max(left, 0)) and left <= 0:
                    why = 'still running' if self.running else f'ended with {self._status} {self._lost}'
                    raise errors.GuestTimeout(f'no {text!r} from ({why}): {self.script}\n{self.stdout}{self.stderr}')

    def kill(self, how: int = signal.SIGKILL) -> None:
        """Sends a signal to it and all its children."""
        self._channel.send(f'KILL {self._number} {int(how)}')

    def send(self, data: bytes, last: bool = True) -> None:
        """To its standard input, which ends with the last."""
        for at in range(0, len(data), PIECE):
            self._channel.send(f'IN {self._number} {base64.b64encode(data[at:at + PIECE]).decode()}')
        if last:
            self._channel.send(f'EOF {self._number}')

    def _wait(self, timeout: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: not self.running, timeout)

    # Called by the channel's reader.
    def take(self, verb: str, payload: str) -> None:
        with self._changed:
            if verb == 'OUT':
                self._out += base64.b64decode(payload)
            elif verb == 'ERR':
                self._err += base64.b64decode(payload)
            elif verb == 'EXIT':
                self._status = int(payload)
            self._changed.notify_all()

    def lose(self, reason: str) -> None:
        with self._changed:
            self._lost = reason
            self._changed.notify_all()


class Channel:
    """Commands in one guest. They outlive a connection: after a restore or a migration, connect() again and go on."""

    def __init__(self) -> None:
        self._numbers = itertools.count(random.randrange(1 << 40))
        self._commands: dict[int, Command] = {}
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._ready = threading.Condition()
        self._nonce = ''
        self._boot_id = ''
        self._socket: socket.socket | None = None
        self._reader: threading.Thread | None = None

    def connect(self, path: str, timeout: float = 60, reboot: bool = False) -> None:
        """Connects to the channel's socket and waits until the guest answers; with reboot, a freshly booted one."""
        self.disconnect()
        booted_before = self._boot_id
        connected = socket.socket(socket.AF_UNIX)
        connected.connect(path)
        self._socket = connected
        # A line of the last connection may have been cut off anywhere.
        connected.sendall(b'\n')
        self._reader = threading.Thread(target=self._read, args=(connected,), daemon=True)
        self._reader.start()
        self._nonce = secrets.token_hex(8)
        self._boot_id = ''
        deadline = time.monotonic() + timeout
        with self._ready:
            while not self._boot_id or reboot and self._boot_id == booted_before:
                self._boot_id = ''
                if time.monotonic() > deadline:
                    self._boot_id = booted_before
                    raise errors.GuestTimeout(f'no answer from the guest in {timeout} s')
                self.send(f'HELLO {self._nonce}')
                self._ready.wait(0.3)
        if booted_before and self._boot_id != booted_before:
            self._lose_all('the guest has booted anew')

    def disconnect(self) -> None:
        """Leaves the guest; its commands go on."""
        if self._socket is not None:
            try:
                self._socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # It was closed at the other end.
            self._socket.close()
            self._socket = None
        if self._reader is not None:
            self._reader.join()
            self._reader = None

    def close(self, reason: str) -> None:
        """The guest is no more."""
        self.disconnect()
        self._lose_all(reason)

    def run(self, script: str) -> Command:
        """Starts a shell script."""
        with self._lock:
            command = Command(self, next(self._numbers), script)
            self._commands[command._number] = command
        self.send(f'RUN {command._number} {base64.b64encode(script.encode()).decode()}')
        return command

    def send(self, line: str) -> None:
        with self._sending:
            if self._socket is None:
                raise errors.LabError('the guest is not connected')
            try:
                self._socket.sendall(f'{line} ;\n'.encode())
            except OSError as error:
                raise errors.LabError(f'the connection to the guest is lost: {error}') from error

    def _read(self, connected: socket.socket) -> None:
        waiting = b''
        while True:
            try:
                got = connected.recv(1 << 18)
            except OSError:
                got = b''
            if not got:
                return
            *lines, waiting = (waiting + got).split(b'\n')
            for line in lines:
                if line.endswith(b' ;'):
                    self._take(line[:-2].decode(errors='replace').split(' '))

    def _take(self, words: list[str]) -> None:
        verb, word, *payload = words
        if verb == 'READY':
            with self._ready:
                if word == self._nonce:
                    self._boot_id = payload[0]
                self._ready.notify_all()
            return
        with self._lock:
            command = self._commands.get(int(word))
            if command is not None and verb == 'EXIT':
                del self._commands[int(word)]
        if command is not None:
            command.take(verb, payload[0])

    def _lose_all(self, reason: str) -> None:
        with self._lock:
            commands = list(self._commands.values())
            self._commands.clear()
        for command in commands:
            command.lose(reason)
