# SPDX-License-Identifier: Apache-2.0
"""The whole product on real VMs: `hypertierd` beside the lab's `lab` fixture."""

import collections.abc
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from lab.fixtures import lab, lab_artefacts, lab_hosts  # noqa: E402, F401
from lab.lab import Lab  # noqa: E402
from lab.vm import Vm  # noqa: E402
from integration.hypertierd import Hypertierd, TIERCTL  # noqa: E402


@pytest.fixture
def hypertierd(lab: Lab) -> collections.abc.Iterator[Hypertierd]:  # noqa: F811
    """A running hypertierd on the lab's first libvirt. Its log is kept beside the consoles of the VMs."""
    daemon = Hypertierd(lab.host(), lab.artefacts)
    daemon.start()
    yield daemon
    daemon.close()


@pytest.fixture
def managed(lab: Lab, hypertierd: Hypertierd) -> collections.abc.Callable[..., Vm]:  # noqa: F811
    """managed(kernel='6.1', ...): a two-tier VM with agent, shaped by tierctl, once hypertierd manages it."""
    def boot(**options) -> Vm:
        vm = lab.vm(**{'agent': True, 'tierctl': TIERCTL, 'fmem': '384MiB', 'smem': '384MiB', **options})
        hypertierd.wait_managed(vm.name)
        return vm
    return boot
