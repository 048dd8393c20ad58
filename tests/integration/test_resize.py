# SPDX-License-Identifier: Apache-2.0
"""Resizing: what the host gets back, what the guest gets, and that no byte is lost."""

import os
import random
import re
import signal
import time

import grpc
import pytest

from integration.api import FMEM, Operation, SMEM, vm_pb2
from integration.hypertierd import until
from lab.sizes import MIB

KERNELS = ('6.1', '6.12')


def steady_resident(vm, tier: str, tolerance: int = MIB) -> int:
    """Residency once free-page reporting has given back what the guest had freed before."""
    last = vm.resident(tier)
    deadline = time.monotonic() + 30
    while True:
        time.sleep(3)
        now = vm.resident(tier)
        if abs(now - last) <= tolerance or time.monotonic() > deadline:
            return now
        last = now


def takeable(vm, node: int) -> int:
    """What a program can have of a node's free memory: not the DMA zone, nor what lies below the high watermarks."""
    pages = 0
    for zone in re.split(r'^Node ', vm.read('cat /proc/zoneinfo'), flags=re.MULTILINE)[1:]:
        found = dict(re.findall(r'^\s+(?:pages )?(free|high)\s+(\d+)$', zone, re.MULTILINE))
        if re.match(rf'{node}, zone +(?!DMA$)', zone) and found:
            pages += max(0, int(found['free']) - int(found['high']))
    return pages * 4096


@pytest.mark.parametrize('kernel, reporting', [('6.1', True), ('6.12', True), ('6.1', False), ('6.12', False)])
def test_shrink_gives_fmem_back_to_the_host_and_grow_to_the_guest(hypertierd, managed, kernel, reporting) -> None:
    vm = managed(kernel=kernel, free_page_reporting=reporting)
    assert hypertierd.vm(vm.name).agent.transport == ('reporting' if reporting else 'inflate')
    smem_hog = vm.memhog('smem', '128MiB', '--rounds', '0')
    # All but a rest: what the guest never touched costs the host nothing, and the balloon may take that as well. In two
    # steps, since the kernel and the agent take some meanwhile.
    touched = 0
    hogs = []
    for rest in (24 * MIB, 6 * MIB):
        size = (takeable(vm, 0) - rest) // 4096 * 4096
        hogs.append(vm.memhog('fmem', size, '--rounds', '0'))
        touched += size
    smem_before = steady_resident(vm, 'smem')
    before = vm.resident('fmem')
    assert before > touched > 208 * MIB
    for hog in hogs:
        hog.kill()
        hog.wait()

    shrink = 208 * MIB
    hypertierd.resize_and_wait(vm.name, fmem=(384 - 208) * MIB, timeout=120)
    assert vm.resident('fmem') <= 384 * MIB - shrink
    # Of the rest the balloon may have taken some.
    assert before - vm.resident('fmem') >= shrink * 0.95
    assert abs(vm.resident('smem') - smem_before) <= 4 * MIB
    assert vm.hyperflex()['fmem.balloon_bytes'] == shrink
    assert vm.hyperflex()['smem.balloon_bytes'] == 0

    hypertierd.resize_and_wait(vm.name, fmem=384 * MIB)
    # Some MiB of what was freed lie in lists of the processors, which count as used, and which the kernel does not
    # empty before it calls the OOM killer.
    until(lambda: vm.hyperflex()['fmem.free_bytes'] >= touched, 30, 'the memory is free again in the guest')
    again = touched - 24 * MIB
    hog = vm.memhog('fmem', again, '--rounds', '1')
    assert vm.resident('fmem') > again
    assert hog.wait() == 0
    assert smem_hog.running
    vm.memhog_end(smem_hog)


@pytest.mark.parametrize('kernel', KERNELS)
def test_two_hundred_random_resizes_lose_no_byte_and_end_exact(hypertierd, managed, kernel) -> None:
    vm = managed(kernel=kernel)
    hogs = [vm.memhog('fmem', '80MiB', '--stride', '512'), vm.memhog('smem', '80MiB', '--stride', '512')]
    dice = random.Random(20261122)
    for _ in range(200):
        # Whole 4 KiB pages, not blocks: splitting blocks is part of the test.
        fmem, smem = (dice.randrange(240 * 256, 384 * 256 + 1) * 4096 for _ in range(2))
        operation = hypertierd.resize(vm.name, fmem if dice.random() < 0.8 else None, smem)
        # A fifth of them is overtaken by the next while it runs.
        if dice.random() < 0.8:
            ended = hypertierd.wait(operation)
            assert ended.state == Operation.STATE_SUCCEEDED, ended
    hypertierd.resize_and_wait(vm.name, 300 * MIB + 4096, 280 * MIB + 8192)
    snapshot = vm.hyperflex()
    assert snapshot['fmem.balloon_bytes'] == 84 * MIB - 4096
    assert snapshot['smem.balloon_bytes'] == 104 * MIB - 8192
    for hog in hogs:
        vm.memhog_end(hog)


def test_shortfall_is_reported_spares_smem_and_completes_when_memory_frees_up(hypertierd, managed) -> None:
    vm = managed()
    hog = vm.memhog('fmem', '200MiB', '--rounds', '0')
    operation = hypertierd.resize(vm.name, fmem=160 * MIB)
    until(lambda: hypertierd.tier(vm.name, FMEM).state == vm_pb2.TIER_STATE_SHORT, 60, 'FMEM is short',
          lambda: str(hypertierd.vm(vm.name)))
    tier = hypertierd.tier(vm.name, FMEM)
    assert 0 < tier.shortfall_bytes <= 224 * MIB
    assert hypertierd.operation(operation.name).state == Operation.STATE_RUNNING
    assert hypertierd.operation(operation.name).tiers[0].shortfall_bytes > 0
    assert vm.hyperflex()['smem.balloon_bytes'] == 0
    assert vm_pb2.VmEvent.KIND_SHORTFALL in [event.kind for event in hypertierd.vm(vm.name).events]
    # Waiting costs the guest next to nothing: no busy loop.
    ticks = [vm.read("awk '/^cpu / {print $4}' /proc/stat") for _ in range(2) if not time.sleep(2)]
    assert int(ticks[1]) - int(ticks[0]) < 100, 'the balloon spins while it is short'

    hog.kill()
    hog.wait()
    assert hypertierd.wait(operation).state == Operation.STATE_SUCCEEDED
    assert hypertierd.tier(vm.name, FMEM).shortfall_bytes == 0
    assert vm.hyperflex()['fmem.balloon_bytes'] == 224 * MIB


def test_out_of_memory_in_the_guest_deflates_and_the_process_survives(hypertierd, managed) -> None:
    vm = managed()
    hypertierd.resize_and_wait(vm.name, fmem=256 * MIB, smem=128 * MIB)
    hog = vm.memhog('smem', '160MiB', '--rounds', '2')
    assert hog.wait() == 0, hog.stdout + hog.stderr
    until(lambda: hypertierd.vm(vm.name).agent.oom_deflates > 0, 20, 'the OOM deflate is seen')
    assert vm_pb2.VmEvent.KIND_OOM_DEFLATE in [event.kind for event in hypertierd.vm(vm.name).events]
    assert f'hypertier_vm_oom_deflates_total{{vm="{vm.uuid}"}}' in hypertierd.metrics()
    # The targets stay in force: what was taken back returns to the host once the guest can spare it.
    until(lambda: hypertierd.tier(vm.name, SMEM).balloon_bytes == 256 * MIB, 60, 'the balloon is back at its target',
          lambda: str(hypertierd.vm(vm.name)))


def test_a_frozen_guest_leaves_others_alone(hypertierd, managed, lab) -> None:
    frozen, other = managed(vcpus=1), managed(vcpus=1)
    # Worse than `virsh suspend`: QEMU itself stands still, and with it libvirt's monitor.
    os.kill(frozen.pid(), signal.SIGSTOP)
    try:
        stuck = hypertierd.resize(frozen.name, fmem=200 * MIB)
        hypertierd.resize_and_wait(other.name, fmem=200 * MIB, timeout=30)
        assert hypertierd.operation(stuck.name).state == Operation.STATE_PENDING
        assert hypertierd.operation(stuck.name).status_message
        until(lambda: hypertierd.vm(frozen.name).management == vm_pb2.MANAGEMENT_WAITING, 20, 'its silence shows')
    finally:
        os.kill(frozen.pid(), signal.SIGCONT)
    assert hypertierd.wait(stuck).state == Operation.STATE_SUCCEEDED


def test_a_paused_vm_is_not_resized(hypertierd, managed) -> None:
    vm = managed(vcpus=1)
    vm.pause()
    until(lambda: hypertierd.vm(vm.name).state == vm_pb2.VM_STATE_PAUSED, 20, 'it is seen paused')
    with pytest.raises(grpc.RpcError) as refused:
        hypertierd.resize(vm.name, fmem=200 * MIB)
    assert refused.value.code() == grpc.StatusCode.FAILED_PRECONDITION
    assert 'resume' in refused.value.details()
    vm.resume()
    hypertierd.wait_managed(vm.name)
    hypertierd.resize_and_wait(vm.name, fmem=200 * MIB)


def test_two_vms_resized_at_once_both_get_there(hypertierd, managed) -> None:
    vms = [managed(vcpus=1), managed(vcpus=1)]
    operations = [hypertierd.resize(vm.name, fmem=220 * MIB, smem=100 * MIB) for vm in vms]
    for operation in operations:
        assert hypertierd.wait(operation).state == Operation.STATE_SUCCEEDED


def test_setmem_is_a_total_that_is_spread_and_adopted(hypertierd, managed) -> None:
    vm = managed()
    vm.domain().setMemory(576 * 1024)
    until(lambda: sum(tier.target_bytes for tier in hypertierd.vm(vm.name).tiers) == 576 * MIB, 30,
          'the total is adopted', lambda: str(hypertierd.vm(vm.name)))
    assert vm.settled()['source'] == 'total'
    assert vm_pb2.VmEvent.KIND_TARGETS_ADOPTED in [event.kind for event in hypertierd.vm(vm.name).events]
    # libvirt's own view is right as well.
    until(lambda: vm.domain().info()[2] == 576 * 1024, 10, 'libvirt shows the total')
    assert vm.domain().memoryStats()['actual'] == 576 * 1024


def test_cancel_stops_a_resize_where_it_is(hypertierd, managed) -> None:
    vm = managed()
    hog = vm.memhog('fmem', '200MiB', '--rounds', '0')
    operation = hypertierd.resize(vm.name, fmem=160 * MIB)
    until(lambda: hypertierd.tier(vm.name, FMEM).state == vm_pb2.TIER_STATE_SHORT, 60, 'FMEM is short')
    done = hypertierd.tierctl('cancel', operation.name)
    assert done.returncode == 0, done.stderr
    until(lambda: hypertierd.tier(vm.name, FMEM).state == vm_pb2.TIER_STATE_IDLE, 20, 'the balloon rests',
          lambda: str(hypertierd.vm(vm.name)))
    tier = hypertierd.tier(vm.name, FMEM)
    assert tier.target_bytes == tier.cell_bytes - tier.balloon_bytes
    assert 160 * MIB < tier.target_bytes < 384 * MIB
    vm.memhog_end(hog)
