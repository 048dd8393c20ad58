# SPDX-License-Identifier: Apache-2.0
"""One cloud for all tests, with flavors; servers of each test go with it."""

import collections.abc
import pathlib
import sys

import pytest

_HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(_HERE), str(_HERE.parents[1])]

from cloud import offer  # noqa: E402
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
    offer.flavors(running)
    assert '3 checked, 0 wrong' in running.client('admin').flavor('check', '--all')
    return running


@pytest.fixture
def cloud(flavored: stack.Stack, request: pytest.FixtureRequest,
          logs: pathlib.Path) -> collections.abc.Iterator[stack.Stack]:
    """The cloud, with the flavors and limits of cloud/offer.py."""
    offer.limits(flavored)
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
