# SPDX-License-Identifier: Apache-2.0
"""The lab as pytest fixtures. A conftest.py puts tests/ on sys.path and imports these."""

import collections.abc
import pathlib

import pytest

from lab import lab as lab_module
from lab import private_libvirt

__all__ = ['lab', 'lab_artefacts', 'lab_hosts']


@pytest.fixture(scope='session')
def lab_artefacts() -> pathlib.Path:
    """Where this run keeps consoles and logs."""
    return lab_module.new_artefacts()


@pytest.fixture(scope='session')
def lab_hosts() -> collections.abc.Iterator[lab_module.Hosts]:
    """The private libvirts, shared by all tests of a run."""
    reason = private_libvirt.usable()
    if reason:
        pytest.skip(f'no virtual machines here: {reason}')
    hosts = lab_module.Hosts()
    yield hosts
    hosts.close()


@pytest.fixture
def lab(request: pytest.FixtureRequest, lab_hosts: lab_module.Hosts,
        lab_artefacts: pathlib.Path) -> collections.abc.Iterator[lab_module.Lab]:
    """Guests of this test; at its end they go, and any complaint of a guest kernel fails it."""
    folder = lab_artefacts / ''.join(c if c.isalnum() or c in '-._' else '_' for c in request.node.name)
    folder.mkdir(exist_ok=True)
    with lab_module.Lab(lab_hosts, folder) as here:
        yield here
    here.check()
