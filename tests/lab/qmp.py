# SPDX-License-Identifier: Apache-2.0
"""A QMP monitor beside libvirt's own, for measurements that libvirt's locks and rate limits would blur."""

import json
import pathlib
import socket
import threading
import typing
import xml.etree.ElementTree as ET

from lab import errors
from lab.domain import add

NAMESPACE = 'http://libvirt.org/schemas/domain/qemu/1.0'


def attach(xml: str, path: pathlib.Path) -> str:
    """The domain with a second monitor."""
    root = ET.fromstring(xml)
    commandline = add(root, f'{{{NAMESPACE}}}commandline')
    for word in ('-qmp', f'unix:{path},server=on,wait=off'):
        add(commandline, f'{{{NAMESPACE}}}arg', value=word)
    return ET.tostring(root, encoding='unicode')


class Qmp:
    """The connection to it: QEMU serves one at a time. Threads may share it."""

    def __init__(self, path: pathlib.Path) -> None:
        self._lock = threading.Lock()
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        self._file = self._socket.makefile('r', encoding='utf-8')
        self._file.readline()  # the greeting
        self.call('qmp_capabilities')

    def call(self, command: str, **arguments: typing.Any) -> typing.Any:
        with self._lock:
            self._socket.sendall(json.dumps({'execute': command, 'arguments': arguments}).encode())
            for line in self._file:
                answer = json.loads(line)
                if 'return' in answer:
                    return answer['return']
                if 'error' in answer:
                    raise errors.LabError(f'QMP {command}: {answer["error"]["desc"]}')
        raise errors.LabError(f'QMP {command}: QEMU has gone')

    def close(self) -> None:
        self._file.close()
        self._socket.close()
