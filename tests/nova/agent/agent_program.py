# SPDX-License-Identifier: Apache-2.0
"""The installed hypertier-placement, run as a program."""

import os
import pathlib
import signal
import subprocess
import sys
import typing as ty

import hypertier_nova

SITE = pathlib.Path(hypertier_nova.__file__).parents[1]
PROGRAM = SITE / 'bin' / 'hypertier-placement'

INTERVAL_S = 0.2
GRACE_S = 3.0
HYPERTIERD_TIMEOUT_S = 0.5

_CONFIG = '''\
[hypertier_placement]
auth_type = admin_token
token = admin
endpoint = {url}
timeout = 2
hypertierd = {endpoint}
hypertierd_timeout_seconds = {hypertierd_timeout}
node_name = {node}
interval_seconds = {interval}
grace_seconds = {grace}
'''


class AgentProgram:
    """start() and stop() may be called over and over."""

    def __init__(self, folder: pathlib.Path, node: str, url: str, endpoint: str) -> None:
        self.config = folder / f'{node}.conf'
        self.config.write_text(
            _CONFIG.format(url=url, endpoint=endpoint, node=node, interval=INTERVAL_S, grace=GRACE_S,
                           hypertierd_timeout=HYPERTIERD_TIMEOUT_S))
        self._log = folder / f'{node}.log'
        self.process: ty.Optional[subprocess.Popen] = None

    def _command(self, *arguments: str) -> ty.List[str]:
        return [sys.executable, str(PROGRAM), '--config-file', str(self.config), '--debug', *arguments]

    def start(self, **environment: str) -> None:
        with open(self._log, 'ab') as log:
            self.process = subprocess.Popen(self._command(), stdout=log, stderr=log,
                                            env={**os.environ, 'PYTHONUNBUFFERED': '1', **environment})

    def stop(self, how: int = signal.SIGTERM) -> int:
        self.process.send_signal(how)
        code = self.process.wait(10)
        self.process = None
        return code

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.stop(signal.SIGKILL)

    def run(self, *arguments: str) -> subprocess.CompletedProcess:
        """To its end."""
        return subprocess.run(self._command(*arguments), capture_output=True, text=True, timeout=20, check=False)

    def log(self) -> str:
        return self._log.read_text()
