# SPDX-License-Identifier: Apache-2.0
"""One cloud for all tests, with flavors; servers of each test go with it."""

import collections.abc
import pathlib
import sys

import pytest

_HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(_HERE), str(_HERE.parents[1])]

from cloud import server  # noqa: E402
from cloud import stack  # noqa: E402
from lab import lab  # noqa: E402

# Lines of each log that are shown when a test has failed.
_TAIL = 6
_WIDE = 240


@pytest.fixture(scope='session')
def logs() -> pathlib.Path:
    return lab.new_artefacts()


@pytest.fixture(scope='session')
def running(logs: pathlib.Path, pytestconfig: pytest.Config) -> collections.abc.Iterator[stack.Stack]:
    capture = pytestconfig.pluginmanager.getplugin('capturemanager')

    def say(line: str) -> None:
        with capture.global_and_fixture_disabled():
            print(line, flush=True)

    say(f'\nlogs of all services: {logs}')
    cloud = stack.Stack(logs, say)
    yield cloud
    cloud.close()


@pytest.fixture(scope='session')
def flavored(running: stack.Stack) -> stack.Stack:
    """gold: FMEM 128 MiB and up to 384, SMEM 512. wide: FMEM 320, SMEM 320. plain: no tiers."""
    admin = running.client('admin')
    create = ('--vcpus', '1', '--ram', '640', '--disk', '1')
    admin.flavor('create', 'gold', *create, '--fmem-mb', '128', '--fmem-max-mb', '384', '--qos-class', 'gold')
    admin.flavor('create', 'wide', *create, '--fmem-mb', '320', '--qos-class', 'gold')
    assert '2 checked, 0 wrong' in admin.flavor('check', '--all')
    admin.openstack('flavor', 'create', *create, 'plain')
    return running


@pytest.fixture
def cloud(flavored: stack.Stack, request: pytest.FixtureRequest,
          logs: pathlib.Path) -> collections.abc.Iterator[stack.Stack]:
    """The cloud. Each of its tenants may have 448 MiB of fast memory; the host has 512."""
    for tenant in flavored.catalogue.projects:
        flavored.catalogue.limit(tenant, 'class:CUSTOM_FMEM_MB', 448)
        flavored.catalogue.limit(tenant, 'class:CUSTOM_SMEM_MB', 1024)
    yield flavored
    if getattr(request.node, 'failed', False):
        for log in sorted(logs.glob('*.log')):
            print(f'--- {log}')
            told = [line[:_WIDE] for line in log.read_text(encoding='utf-8', errors='replace').splitlines()
                    if ' DEBUG ' not in line and line.strip()]
            print('\n'.join(told[-_TAIL:]))


@pytest.fixture
def servers(cloud: stack.Stack) -> collections.abc.Iterator[server.Servers]:
    made = server.Servers(cloud)
    yield made
    made.close()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> collections.abc.Iterator[None]:
    outcome = yield
    if outcome.get_result().failed:
        item.failed = True
