# SPDX-License-Identifier: Apache-2.0
"""The program's other uses, and what it says of a wrong configuration."""

import subprocess
import sys
import typing as ty

from agent_program import PROGRAM
from agent_program import SITE


def test_a_decommissioned_hosts_provider_is_deleted_and_then_nova_can_delete_its_own(host, placement) -> None:
    host.agent.stop()
    host.hypertierd.grants = {'left': ('over', 1, 1)}
    node = placement.provider('compute-1')['uuid']
    done = host.agent.run('--delete')
    assert (done.returncode, done.stdout) == (0, 'compute-1: deleted\n'), done.stderr
    assert placement.provider(host.name) is None and host.hypertierd.grants == {}
    placement.call('DELETE', f'/resource_providers/{node}')
    # Again, and without hypertierd, which is gone from such a host.
    host.hypertierd.stop()
    done = host.agent.run('--delete')
    assert (done.returncode, done.stdout) == (0, 'compute-1: there is none\n')
    assert 'grants may have stayed' in done.stderr


def test_a_provider_of_which_servers_hold_is_not_deleted(host, placement) -> None:
    consumer = placement.claim(host.name, 1, 2)
    host.until(lambda: host.hypertierd.grants, 'told')
    host.agent.stop()
    done = host.agent.run('--delete')
    assert done.returncode == 1 and f'1 consumers hold of it ({consumer})' in done.stderr
    assert placement.provider(host.name) and consumer in host.hypertierd.grants


def test_once_tells_by_its_exit_code_whether_all_is_in_step(new_host, placement) -> None:
    host = new_host('compute-1')
    assert host.agent.run('--once').returncode == 1
    placement.make_node('compute-1')
    assert host.agent.run('--once').returncode == 1
    assert placement.provider(host.name) and not host.fit
    host.hypertierd.start()
    assert host.agent.run('--once').returncode == 0
    assert host.fit and host.hypertierd.grants == {}


def test_auth_none_sends_no_token(new_host, placement) -> None:
    host = new_host('compute-1')
    placement.make_node('compute-1')
    host.hypertierd.start()
    text = host.agent.config.read_text().replace('admin_token\ntoken = admin', 'none')
    host.agent.config.write_text(text)
    done = host.agent.run('--once')
    # This placement wants one.
    assert done.returncode == 1 and 'HTTP 403' in done.stderr


def run(*arguments: str, **changes: ty.Any) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, PROGRAM, *arguments], capture_output=True, text=True, timeout=20,
                          check=False, **changes)


def test_a_wrong_configuration_ends_with_2_and_the_option(tmp_path) -> None:
    config = tmp_path / 'agent.conf'
    for text, word in (('', '[hypertier_placement] auth_type is not set'),
                       ('auth_type = nonesuch\n', 'nonesuch'),
                       ('auth_type = password\n', 'auth_url'),
                       ('auth_type = none\ninterval_seconds = never\n', 'interval_seconds'),
                       ('auth_type = none\ninterval_seconds = 0\n', 'interval_seconds')):
        config.write_text('[hypertier_placement]\n' + text)
        done = run('--config-file', str(config))
        assert done.returncode == 2 and word in done.stderr, (text, done)
        assert 'Traceback' not in done.stderr
    done = run('--config-file', str(config), '--once', '--delete')
    assert done.returncode == 2


def test_without_its_libraries_it_says_what_to_install(tmp_path) -> None:
    (tmp_path / 'grpc.py').write_text('raise ImportError("No module named grpc")')
    done = run('--help', env={'PYTHONPATH': f'{tmp_path}:{SITE}'})
    assert done.returncode == 1 and 'python3-grpcio' in done.stderr and 'Traceback' not in done.stderr
