# SPDX-License-Identifier: Apache-2.0
"""Runs the real hypertierd inside a private libvirt and talks to it as a client would."""

import collections.abc
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request

import grpc

from integration.api import FMEM, Operation, SMEM, hypertier_pb2, hypertier_pb2_grpc, vm_pb2
from lab import paths
from lab.private_libvirt import PrivateLibvirt

BUILD = pathlib.Path(os.environ.get('HYPERTIER_BUILD', paths.REPO / 'build' / 'release'))
BINARY = BUILD / 'host-service' / 'daemon' / 'hypertierd'
TIERCTL = BUILD / 'host-service' / 'tierctl' / 'tierctl'

CONFIG = '''\
[listen]
grpc = "{endpoint}"
metrics = "127.0.0.1:{metrics_port}"
status = ""
[state]
ledger = "{folder}/ledger.sqlite"
[agent]
report_interval_ms = 200
stale_after_ms = 3000
[residency]
period_ms = 200
[resize]
fmem_floor = "64MiB"
'''


class Hypertierd:
    """One hypertierd with a ledger of its own. start() and kill() may be called over and over."""

    def __init__(self, libvirt: PrivateLibvirt, folder: pathlib.Path, more_config: str = '') -> None:
        self.libvirt = libvirt
        self.folder = folder
        self.metrics_port = free_port()
        self.log = folder / 'hypertierd.log'
        self.process: subprocess.Popen | None = None
        self.config = folder / 'hypertierd.toml'
        # Paths of sockets are short; a test's name need not be.
        self.endpoint = f'unix:{tempfile.mkdtemp(prefix="ht-", dir=libvirt.folder)}/sock'
        config = CONFIG.format(folder=folder, endpoint=self.endpoint, metrics_port=self.metrics_port)
        self.config.write_text(config + more_config, encoding='utf-8')
        self._channel: grpc.Channel | None = None

    @property
    def stub(self) -> hypertier_pb2_grpc.HyperTierServiceStub:
        if self._channel is None:
            self._channel = grpc.insecure_channel(self.endpoint, [('grpc.max_reconnect_backoff_ms', 200),
                                                                  ('grpc.initial_reconnect_backoff_ms', 50)])
        return hypertier_pb2_grpc.HyperTierServiceStub(self._channel)

    def start(self) -> None:
        with open(self.log, 'ab') as log:
            command = self.libvirt.inside([BINARY, '--config', self.config])
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        # gRPC backs off for seconds from a socket that is not there yet.
        socket_file = pathlib.Path(self.endpoint.removeprefix('unix:'))
        until(lambda: self.alive() and socket_file.exists() and self._answers(), 20, 'hypertierd answers',
              self.log_text)

    def reconfigure(self, text: str, other: str) -> None:
        """Changes the configuration's file, and has it read again."""
        config = self.config.read_text(encoding='utf-8')
        assert text in config, config
        self.config.write_text(config.replace(text, other), encoding='utf-8')
        assert self.process is not None
        self.process.send_signal(signal.SIGHUP)

    def _answers(self) -> bool:
        try:
            self.stub.ListVms(hypertier_pb2.ListVmsRequest(), timeout=2)
            return True
        except grpc.RpcError:
            return False

    def alive(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f'hypertierd ended with {self.process.poll()}:\n{self.log_text()}'
        return True

    def log_text(self) -> str:
        return self.log.read_text(encoding='utf-8', errors='replace')[-8000:]

    def kill(self, how: int = signal.SIGKILL) -> int:
        assert self.process is not None
        self.process.send_signal(how)
        return self.process.wait(20)

    def close(self) -> None:
        if self._channel is not None:
            self._channel.close()
        if self.process is not None and self.process.poll() is None:
            assert self.kill(signal.SIGTERM) == 0, self.log_text()

    def vms(self) -> list:
        return list(self.stub.ListVms(hypertier_pb2.ListVmsRequest(), timeout=10).vms)

    def vm(self, name: str):
        return self.stub.GetVm(hypertier_pb2.GetVmRequest(name=name), timeout=10).vm

    def tier(self, name: str, kind: int):
        return next(tier for tier in self.vm(name).tiers if tier.kind == kind)

    def wait_managed(self, *names: str, timeout: float = 60) -> None:
        for name in names:
            until(lambda: self.vm(name).management == vm_pb2.MANAGEMENT_MANAGED, timeout, f'{name} is managed',
                  lambda: f'{self.vm(name)}\n{self.log_text()}')

    def resize(self, name: str, fmem: int | None = None, smem: int | None = None):
        """Asks for new targets in bytes; returns the operation."""
        tiers = [hypertier_pb2.TierResize(tier=kind, target_bytes=size)
                 for kind, size in ((FMEM, fmem), (SMEM, smem)) if size is not None]
        return self.stub.ResizeVm(hypertier_pb2.ResizeVmRequest(name=name, tiers=tiers), timeout=10).operation

    def operation(self, name: str):
        return self.stub.GetOperation(hypertier_pb2.GetOperationRequest(name=name), timeout=10).operation

    def wait(self, operation, timeout: float = 60):
        """The operation when it has ended."""
        def ended() -> bool:
            return self.operation(operation.name).state in (Operation.STATE_SUCCEEDED, Operation.STATE_FAILED,
                                                            Operation.STATE_CANCELLED)
        until(ended, timeout, f'{operation.name} ends', lambda: f'{self.operation(operation.name)}\n{self.log_text()}')
        return self.operation(operation.name)

    def resize_and_wait(self, name: str, fmem: int | None = None, smem: int | None = None, timeout: float = 60) -> None:
        ended = self.wait(self.resize(name, fmem, smem), timeout)
        assert ended.state == Operation.STATE_SUCCEEDED, ended

    def metrics(self) -> str:
        with urllib.request.urlopen(f'http://127.0.0.1:{self.metrics_port}/metrics', timeout=10) as answer:
            return answer.read().decode()

    def tierctl(self, *arguments: str, timeout: float = 60) -> subprocess.CompletedProcess:
        return subprocess.run([TIERCTL, '--endpoint', self.endpoint, *arguments], capture_output=True, text=True,
                              timeout=timeout, check=False)


def until(done: collections.abc.Callable[[], bool], timeout: float, what: str,
          detail: collections.abc.Callable[[], str] = lambda: '') -> None:
    """Waits for a condition; says what was waited for when it does not come."""
    deadline = time.monotonic() + timeout
    while not done():
        assert time.monotonic() < deadline, f'not in {timeout} s: {what}\n{detail()}'
        time.sleep(0.1)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]
