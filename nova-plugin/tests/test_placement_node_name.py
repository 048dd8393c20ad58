# SPDX-License-Identifier: Apache-2.0
import pytest

from hypertier_nova.placement_agent import node_name


@pytest.mark.parametrize('hostname, resolved, name', [
    ('compute-1.example', 'other.example', 'compute-1.example'),
    ('compute-1', 'compute-1.example', 'compute-1.example'),
    ('compute-1', 'localhost.localdomain', 'compute-1'), ('compute-1', '', 'compute-1'),
    ('compute-1', None, 'compute-1'), ('localhost', 'compute-1.example', 'localhost')])
def test_a_host_is_called_as_libvirt_calls_it(monkeypatch, hostname: str, resolved, name: str) -> None:
    def resolve(*args, **kwargs):
        if resolved is None:
            raise OSError('no such name')
        return [(2, 1, 6, resolved, ('127.0.0.1', 0))]
    monkeypatch.setattr('socket.gethostname', lambda: hostname)
    monkeypatch.setattr('socket.getaddrinfo', resolve)
    assert node_name.default() == name
