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
# Could make use of more FMEM than the VM has.
BUSY = 'exec gups --pattern uniform --bytes 400M --updates 1G --warmup-seconds 600'
NAMESPACE = 'urn:hypertier:vm:1'


@pytest.fixture
def qos(lab: Lab) -> collections.abc.Iterator[Hypertierd]:
    """A hypertierd whose host has half a GiB of FMEM, and plans."""
    daemon = Hypertierd(lab.host(), lab.artefacts, QOS)
    daemon.start()
    yield daemon
    daemon.close()


def guest(lab: Lab, daemon: Hypertierd, modules: tuple[str, ...] = ('hyperplace',)) -> Vm:
    """A VM of 384 MiB FMEM and 512 MiB SMEM, in which (with hyperplace) the agent can move pages."""
    vm = lab.vm(agent=True, tierctl=TIERCTL, fmem='384MiB', smem='512MiB', modules=modules)
    program = build.workload('gups')
    vm.put(program.read_bytes(), f'/sbin/{program.name}', 0o755)
    daemon.wait_managed(vm.name)
    return vm


def promise(vm: Vm, policy: str) -> None:
    """Sets HyperTier's metadata of the running domain, as `virsh metadata` does."""
    domain = vm.host.connection.lookupByName(vm.name)
    domain.setMetadata(libvirt.VIR_DOMAIN_METADATA_ELEMENT, policy, 'hypertier', NAMESPACE,
                       libvirt.VIR_DOMAIN_AFFECT_LIVE)


def said(daemon: Hypertierd, *command: str) -> str:
    """What tierctl prints; it must succeed."""
    done = daemon.tierctl(*command)
    assert done.returncode == 0, (command, done)
    return done.stdout


def target(daemon: Hypertierd, vm: Vm) -> int:
    return daemon.tier(vm.name, FMEM).target_bytes


def test_what_one_tenant_leaves_idle_is_lent_and_comes_back_when_it_is_wanted(lab: Lab, qos: Hypertierd) -> None:
    owner, borrower = guest(lab, qos), guest(lab, qos)
    # Until somebody says so, nobody plans their targets.
    assert qos.vm(owner.name).policy_mode == vm_pb2.POLICY_MODE_STATIC
    assert target(qos, owner) == target(qos, borrower) == 384 * MIB
    promise(owner, '<vm tenant="alice" mode="auto"><fmem reservation="320MiB"/></vm>')
    # What its metadata leaves open is said over gRPC.
    promise(borrower, '<vm tenant="bob" mode="static"/>')
    said(qos, 'policy', 'set', borrower.name, '--mode', 'auto', '--class', 'cheap', '--reason', 'a test')
    until(lambda: qos.vm(borrower.name).tenant == 'bob', 10, 'its metadata is known')
    assert qos.vm(borrower.name).policy_mode == vm_pb2.POLICY_MODE_AUTO
    assert 'policy.update' in said(qos, 'audit', f'vms/{borrower.uuid}')
    refused = qos.tierctl('resize', owner.name, '--fmem', '128MiB')
    assert refused.returncode != 0 and 'planned' in refused.stderr, refused

    # The borrower's programs can use all that they are given; the owner has none.
    busy = borrower.start(BUSY)
    until(lambda: target(qos, borrower) > 256 * MIB and target(qos, owner) < 224 * MIB, 90,
          'what the owner leaves idle is lent', qos.log_text)
    until(lambda: owner.resident('fmem') + borrower.resident('fmem') <= CAPACITY, 60, 'both keep to what there is',
          qos.log_text)
    until(lambda: borrower.resident('fmem') > 256 * MIB, 60, 'the borrower uses it', qos.log_text)
    shown = qos.tierctl('get', borrower.name).stdout
    assert 'of what nobody needs' in shown, shown
    why = said(qos, 'explain', borrower.name)
    assert 'class cheap' in why and 'tenant bob' in why, why
    # What would be if bob had a limit, without one.
    preview = said(qos, 'preview', '--tenant', 'bob', '--fmem-limit', '128MiB')
    assert borrower.name in preview, preview

    wanted = owner.start(BUSY)
    begun = time.monotonic()
    most = 0
    while owner.resident('fmem') < 300 * MIB:
        assert time.monotonic() - begun < 90, qos.log_text()
        most = max(most, owner.resident('fmem') + borrower.resident('fmem'))
        time.sleep(0.2)
    until(lambda: target(qos, owner) >= 320 * MIB, 10, 'it is given all that it reserved', qos.log_text)
    assert target(qos, borrower) <= CAPACITY - 320 * MIB
    # At no moment had both together more than there is; guests hold some pages beyond for as long as they move them.
    assert most <= CAPACITY + 16 * MIB
    assert busy.running and wanted.running
    for vm in (owner, borrower):
        assert qos.vm(vm.name).agent.oom_deflates == 0


def test_a_guest_that_does_not_give_back_is_violating_and_the_other_tenant_keeps_its_memory(
        lab: Lab, qos: Hypertierd) -> None:
    owner, violator = guest(lab, qos), guest(lab, qos, modules=())
    promise(owner, '<vm tenant="alice" mode="auto"><fmem reservation="256MiB"/></vm>')
    promise(violator, '<vm tenant="eve" mode="auto"><fmem reservation="224MiB"/></vm>')
    until(lambda: target(qos, owner) + target(qos, violator) <= CAPACITY, 30, 'both are planned')
    # Bound to FMEM, and nobody there can move it, so that none of it is given back.
    hog = violator.memhog('fmem', '128MiB')
    busy = owner.start(BUSY)
    until(lambda: owner.resident('fmem') > 240 * MIB, 60, 'the owner uses what it reserved', qos.log_text)
    said(qos, 'policy', 'set', violator.name, '--fmem-reservation', '64MiB', '--fmem-limit', '128MiB')
    until(lambda: qos.tier(violator.name, FMEM).compliance == vm_pb2.COMPLIANCE_VIOLATING, 30,
          'it is seen as violating', qos.log_text)
    shown = qos.tierctl('get', violator.name).stdout
    assert 'violating' in shown and 'does not give it back' in shown, shown
    for _ in range(20):
        assert target(qos, owner) >= 256 * MIB, qos.log_text()
        assert owner.resident('fmem') > 240 * MIB, qos.log_text()
        time.sleep(0.25)
    assert busy.running and hog.running
    assert qos.vm(owner.name).agent.oom_deflates == 0
    # From now on its operator wants more than to be told.
    qos.reconfigure('report_interval_ms = 200', 'report_interval_ms = 0')
    until(lambda: 'agent.report_interval_ms' in said(qos, 'host'), 10, 'a wrong configuration is refused', qos.log_text)
    assert 'the last one stays in force' in qos.log_text()
    qos.reconfigure('report_interval_ms = 0', 'report_interval_ms = 200')
    qos.reconfigure('[qos]', '[qos]\non_violation = "pause"\nviolation_grace_s = 2')
    until(lambda: qos.vm(violator.name).state == vm_pb2.VM_STATE_PAUSED, 30, 'it is paused', qos.log_text)
    assert 'as qos.on_violation says' in said(qos, 'get', violator.name)
    assert 'vm.pause' in said(qos, 'audit', f'vms/{violator.uuid}')
    assert busy.running and qos.vm(owner.name).state == vm_pb2.VM_STATE_RUNNING
    qos.reconfigure('on_violation = "pause"', 'on_violation = "report"')
    violator.resume()
    violator.memhog_end(hog)
    until(lambda: qos.tier(violator.name, FMEM).compliance == vm_pb2.COMPLIANCE_COMPLIANT, 60,
          'it is at its target again', qos.log_text)


def test_promises_are_kept_over_a_restart(qos: Hypertierd) -> None:
    created = said(qos, 'tenant', 'create', 'acme', '--fmem-reservation', '25%', '--fmem-limit', '256MiB')
    assert 'acme' in created
    refused = qos.tierctl('tenant', 'set', 'acme', '--fmem-reservation', '60%')
    assert refused.returncode == 4 and 'fmem.reservation' in refused.stderr, refused
    said(qos, 'tenant', 'set', 'acme', '--smem-shares', '3', '--reason', 'a test')
    said(qos, 'maintenance', 'on', '--reason', 'new DIMMs')
    cells = ('--fmem-cell', '512MiB', '--smem-cell', '512MiB', '--mode', 'auto')
    refused = qos.tierctl('admit', '--tenant', 'acme', *cells, '--fmem-reservation', '50%')
    assert refused.returncode == 4 and 'new DIMMs' in refused.stdout + refused.stderr, refused
    qos.kill()
    qos.start()
    assert 'new DIMMs' in said(qos, 'host')
    assert '256 MiB' in said(qos, 'tenants')
    said(qos, 'maintenance', 'off')
    said(qos, 'admit', '--tenant', 'acme', *cells, '--fmem-reservation', '50%')
    refused = qos.tierctl('admit', '--tenant', 'acme', *cells, '--fmem-reservation', '51%')
    assert refused.returncode == 4 and 'whose limit is 256 MiB' in refused.stdout + refused.stderr, refused
    actions = [line.split() for line in said(qos, 'audit').splitlines()]
    assert sum('tenant.update' in line for line in actions) == 1, actions
    said(qos, 'tenant', 'delete', 'acme')
    assert 'acme' not in said(qos, 'tenants')


def test_the_move_rate_of_the_metadata_is_kept_to_by_the_agent(lab: Lab, qos: Hypertierd) -> None:
    vm = lab.vm(agent=True, tierctl=TIERCTL, fmem='384MiB', smem='512MiB', modules=('hyperplace',),
                shape=('--move-rate', '4MiB'))

    def confirmed(rate: int) -> None:
        until(lambda: qos.vm(vm.name).placement.move_limit_bytes_per_second == rate, 20, f'the agent moves at {rate}',
              lambda: str(qos.vm(vm.name)))

    confirmed(4 * MIB)
    assert 'at most 4 MiB a second' in said(qos, 'get', vm.name)
    promise(vm, '<vm move-rate="8MiB"/>')
    confirmed(8 * MIB)
    # Another agent is told again.
    vm.run('killall -KILL hypertier-agent')
    confirmed(8 * MIB)
    promise(vm, '<vm/>')
    confirmed(0)
    promise(vm, '<vm move-rate="fast"/>')
    until(lambda: any('move-rate' in problem for problem in qos.vm(vm.name).policy_problems), 10, 'the problem is told')
