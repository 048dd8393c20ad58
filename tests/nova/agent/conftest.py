# SPDX-License-Identifier: Apache-2.0
"""hypertier-placement, as it is installed, between the real placement and a gRPC server in hypertierd's place."""

import collections.abc
import pathlib
import tempfile
import time

from agent_program import AgentProgram
import pytest
from served_hypertierd import ServedHypertierd
from served_placement import ServedPlacement


class Host:
    """A compute node, its hypertierd and its agent."""

    def __init__(self, placement: ServedPlacement, folder: pathlib.Path, node: str) -> None:
        self.placement = placement
        self.node = node
        self.name = f'{node}:hypertier'
        self.hypertierd = ServedHypertierd(f'unix:{folder}/{node}.sock')
        self.agent = AgentProgram(folder, node, placement.url, self.hypertierd.endpoint)

    def start(self) -> 'Host':
        """All of it, until a whole round is done."""
        self.placement.make_node(self.node)
        self.hypertierd.start()
        self.agent.start()
        self.until(lambda: self.fit and self.hypertierd.told, 'the trait is there, and grants were set')
        return self

    @property
    def fit(self) -> bool:
        return 'CUSTOM_HYPERTIER' in self.placement.traits(self.name)

    def until(self, done: collections.abc.Callable[[], object], what: str, timeout_s: float = 30) -> None:
        deadline = time.monotonic() + timeout_s
        while not done():
            assert time.monotonic() < deadline, f'not in {timeout_s} s: {what}\n{self.agent.log()}'
            time.sleep(0.02)

    def says(self, *words: str) -> None:
        """Until all of them are in the agent's log."""
        self.until(lambda: all(word in self.agent.log() for word in words), f'it says {words}')

    def rounds(self, count: int = 2) -> None:
        """Until hypertierd was told so often again."""
        before = self.hypertierd.told
        self.until(lambda: self.hypertierd.told >= before + count, 'rounds')

    def close(self) -> None:
        self.agent.close()
        self.hypertierd.stop()


@pytest.fixture
def placement() -> collections.abc.Iterator[ServedPlacement]:
    served = ServedPlacement()
    yield served
    served.close()


@pytest.fixture
def new_host(placement: ServedPlacement) -> collections.abc.Iterator[collections.abc.Callable[[str], Host]]:
    """new_host('compute-1'): nothing of it runs yet."""
    hosts = []
    # Paths of sockets are short; a test's name need not be.
    with tempfile.TemporaryDirectory() as folder:
        def make(node: str) -> Host:
            hosts.append(Host(placement, pathlib.Path(folder), node))
            return hosts[-1]
        yield make
        for host in hosts:
            host.close()


@pytest.fixture
def host(new_host: collections.abc.Callable[[str], Host]) -> Host:
    """A compute node that is well."""
    return new_host('compute-1').start()
