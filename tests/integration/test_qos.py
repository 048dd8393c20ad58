# SPDX-License-Identifier: Apache-2.0
"""Tenants that have bought more FMEM than there is, together: what lies idle is lent, and comes back when wanted."""

import collections.abc
import time

import libvirt
import pytest

from integration.api import FMEM, vm_pb2
from integration.hypertierd import Hypertierd, TIERCTL, until
from lab.lab import Lab
from lab.sizes import MIB
from lab.vm import Vm
from lab.vpebs import build

CAPACITY = 512 * MIB
QOS = f'''\
[qos]
period_ms = 500
fmem_capacity = {CAPACITY}
smem_capacity = "1GiB"
fmem_reserve = "0"
[class.cheap]
fmem_limit = "90%"
'''
NAMESPACE = 'urn:hypertier:vm:1'


@pytest.fixture
def qos(lab: Lab) -> collections.abc.Iterator[Hypertierd]:
    """A hypertierd whose host has half a GiB of FMEM, and plans."""
    daemon = Hypertierd(lab.host(), lab.artefacts, QOS)
    daemon.start()
    yield daemon
    daemon.close()


def guest(lab: Lab, daemon: Hypertierd) -> Vm:
    """A VM whose cells are 384 MiB each, in which the agent can move pages."""
    vm = lab.vm(agent=True, tierctl=TIERCTL, fmem='384MiB', smem='512MiB', modules=('hyperplace',))
    program = build.workload('gups')
    vm.put(program.read_bytes(), f'/sbin/{program.name}', 0o755)
    daemon.wait_managed(vm.name)
    return vm


def promise(vm: Vm, policy: str) -> None:
    """Sets HyperTier's metadata of the running domain, as `virsh metadata` does."""
    domain = vm.host.connection.lookupByName(vm.name)
    domain.setMetadata(libvirt.VIR_DOMAIN_METADATA_ELEMENT, policy, 'hypertier', NAMESPACE,
                       libvirt.VIR_DOMAIN_AFFECT_LIVE)


def target(daemon: Hypertierd, vm: Vm) -> int:
    return daemon.tier(vm.name, FMEM).target_bytes


def test_what_one_tenant_leaves_idle_is_lent_and_comes_back_when_it_is_wanted(lab: Lab, qos: Hypertierd) -> None:
    owner, borrower = guest(lab, qos), guest(lab, qos)
    # Until somebody says so, nobody plans their targets.
    assert qos.vm(owner.name).policy_mode == vm_pb2.POLICY_MODE_STATIC
    assert target(qos, owner) == target(qos, borrower) == 384 * MIB
    promise(owner, '<vm tenant="alice" mode="auto"><fmem reservation="320MiB"/></vm>')
    promise(borrower, '<vm tenant="bob" mode="auto" class="cheap"/>')
    until(lambda: qos.vm(borrower.name).policy_mode == vm_pb2.POLICY_MODE_AUTO, 10, 'the policy is known')
    assert qos.vm(borrower.name).tenant == 'bob'
    refused = qos.tierctl('resize', owner.name, '--fmem', '128MiB')
    assert refused.returncode != 0 and 'planned' in refused.stderr, refused

    # The borrower's programs can use all that they are given; the owner has none.
    busy = borrower.start('exec gups --pattern uniform --bytes 400M --updates 1G --warmup-seconds 600')
    until(lambda: target(qos, borrower) > 256 * MIB and target(qos, owner) < 224 * MIB, 90,
          'what the owner leaves idle is lent', qos.log_text)
    until(lambda: owner.resident('fmem') + borrower.resident('fmem') <= CAPACITY, 60, 'both keep to what there is',
          qos.log_text)
    until(lambda: borrower.resident('fmem') > 256 * MIB, 60, 'the borrower uses it', qos.log_text)
    shown = qos.tierctl('get', borrower.name).stdout
    assert 'of what nobody needs' in shown, shown

    wanted = owner.start('exec gups --pattern uniform --bytes 400M --updates 1G --warmup-seconds 600')
    begun = time.monotonic()
    most = 0
    while owner.resident('fmem') < 300 * MIB:
        assert time.monotonic() - begun < 90, qos.log_text()
        most = max(most, owner.resident('fmem') + borrower.resident('fmem'))
        time.sleep(0.2)
    assert target(qos, owner) >= 320 * MIB
    assert target(qos, borrower) <= CAPACITY - 320 * MIB
    # At no moment had both together more than there is; guests hold some pages beyond for as long as they move them.
    assert most <= CAPACITY + 16 * MIB
    assert busy.running and wanted.running
    for vm in (owner, borrower):
        assert qos.vm(vm.name).agent.oom_deflates == 0
