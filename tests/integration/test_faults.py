# SPDX-License-Identifier: Apache-2.0
"""Whatever dies or lies, targets hold, others notice nothing, and things converge."""

import random
import signal
import time
import xml.etree.ElementTree as ET

import grpc
import pytest

from integration.api import FMEM, Operation, vm_pb2
from integration.hypertierd import until
from lab.sizes import MIB


def sizes(dice: random.Random) -> tuple[int, int]:
    return dice.randrange(220, 384) * MIB, dice.randrange(220, 384) * MIB


def test_killed_agent_ten_times_during_a_resize(hypertierd, managed) -> None:
    vm = managed()
    dice = random.Random(5)
    hog = vm.memhog('smem', '64MiB')
    for _ in range(10):
        fmem, smem = sizes(dice)
        operation = hypertierd.resize(vm.name, fmem, smem)
        time.sleep(dice.uniform(0, 0.3))
        vm.run('killall -KILL hypertier-agent', check=False)
        ended = hypertierd.wait(operation)
        assert ended.state == Operation.STATE_SUCCEEDED, ended
        snapshot = vm.settled()
        assert snapshot['fmem.balloon_bytes'] == 384 * MIB - fmem
        assert snapshot['smem.balloon_bytes'] == 384 * MIB - smem
    vm.memhog_end(hog)


def test_killed_hypertierd_ten_times_during_a_resize(hypertierd, managed) -> None:
    vm = managed()
    dice = random.Random(6)
    hog = vm.memhog('fmem', '64MiB')
    before = (384 * MIB, 384 * MIB)
    for _ in range(10):
        fmem, smem = sizes(dice)
        operation = hypertierd.resize(vm.name, fmem, smem)
        time.sleep(dice.uniform(0, 0.3))
        hypertierd.kill(signal.SIGKILL)
        # Fail-static: with nobody there, the last targets that reached the guest hold.
        snapshot = vm.settled()
        held = (384 * MIB - snapshot['fmem.balloon_target_bytes'], 384 * MIB - snapshot['smem.balloon_target_bytes'])
        assert held in (before, (fmem, smem))
        hypertierd.start()
        hypertierd.wait_managed(vm.name)
        ended = hypertierd.wait(operation)
        assert ended.state == Operation.STATE_SUCCEEDED, ended
        snapshot = vm.settled()
        assert snapshot['fmem.balloon_bytes'] == 384 * MIB - fmem
        assert snapshot['smem.balloon_bytes'] == 384 * MIB - smem
        before = (fmem, smem)
    vm.memhog_end(hog)


def test_restarted_libvirtd_changes_nothing(hypertierd, managed, lab) -> None:
    vm = managed()
    hypertierd.resize_and_wait(vm.name, fmem=200 * MIB)
    lab.host().stop('libvirtd', signal.SIGKILL)
    until(lambda: '\nhypertier_libvirt_connected 0' in hypertierd.metrics(), 20, 'the lost connection shows')
    # What is known is still told; nothing new is begun.
    assert hypertierd.tier(vm.name, FMEM).target_bytes == 200 * MIB
    with pytest.raises(grpc.RpcError) as refused:
        hypertierd.resize(vm.name, fmem=300 * MIB)
    assert refused.value.code() == grpc.StatusCode.UNAVAILABLE
    lab.host().start('libvirtd')
    until(lambda: '\nhypertier_libvirt_connected 1' in hypertierd.metrics(), 30, 'libvirt is connected again')
    hypertierd.wait_managed(vm.name)
    hypertierd.resize_and_wait(vm.name, fmem=300 * MIB)
    vm.domain()  # The lab's own connection is back as well.


def test_vm_shut_down_during_a_resize_ends_the_operation_with_the_reason(hypertierd, managed) -> None:
    vm = managed()
    hog = vm.memhog('fmem', '200MiB', '--rounds', '0')
    operation = hypertierd.resize(vm.name, fmem=160 * MIB)
    until(lambda: hypertierd.tier(vm.name, FMEM).state == vm_pb2.TIER_STATE_SHORT, 60, 'the resize waits for memory')
    vm.destroy()
    ended = hypertierd.wait(operation, timeout=20)
    assert ended.state == Operation.STATE_FAILED
    assert ended.error.code == 10
    assert ended.error.message
    assert not hog.running


GARBAGE = {
    'random bytes': 'dd if=/dev/urandom bs=64k count=4 of={port}',
    'a truncated frame': "printf 'HTF1\\377\\000\\000\\000abc' >{port}",
    'an oversized frame': ("printf 'HTF1\\377\\377\\377\\177\\000\\000\\000\\000' >{port}; "
                           'dd if=/dev/zero bs=1M count=3 of={port}'),
    'an endless stream': 'timeout -s KILL 5 cat /dev/zero >{port}',
}


@pytest.mark.parametrize('garbage', GARBAGE.values(), ids=GARBAGE.keys())
def test_garbage_on_the_channel_resets_that_link_and_nobody_else_notices(hypertierd, managed, garbage) -> None:
    vm, other = managed(vcpus=1), managed(vcpus=1)
    port = '/dev/virtio-ports/org.hypertier.agent.0'
    # Respawned agents would take the port away from us.
    vm.run('mv /sbin/hypertier-agent /sbin/agent.away; killall -KILL hypertier-agent')
    command = vm.start(f'sleep 0.5; {garbage.format(port=port)}')
    hypertierd.resize_and_wait(other.name, fmem=220 * MIB, timeout=30)
    command.wait(120)
    if garbage is not GARBAGE['a truncated frame']:
        until(lambda: hypertierd.vm(vm.name).agent.link_resets > 0, 30, 'the reset is counted',
              lambda: str(hypertierd.vm(vm.name)))
    assert hypertierd.vm(other.name).agent.link_resets == 0
    assert hypertierd.vm(other.name).management == vm_pb2.MANAGEMENT_MANAGED
    vm.run('mv /sbin/agent.away /sbin/hypertier-agent')
    hypertierd.wait_managed(vm.name)
    hypertierd.resize_and_wait(vm.name, smem=200 * MIB)


def test_channel_that_is_missing_is_attached(hypertierd, managed) -> None:
    vm = managed()
    channels = ET.fromstring(vm.live_xml()).iter('channel')
    ours = next(channel for channel in channels if channel.find('target').get('name') == 'org.hypertier.agent.0')
    vm.domain().detachDevice(ET.tostring(ours, encoding='unicode'))
    until(lambda: hypertierd.vm(vm.name).management != vm_pb2.MANAGEMENT_MANAGED, 20, 'the loss shows')
    hypertierd.wait_managed(vm.name)
    hypertierd.resize_and_wait(vm.name, fmem=250 * MIB)


def test_module_unloaded_and_loaded_again(hypertierd, managed) -> None:
    vm = managed()
    hypertierd.resize_and_wait(vm.name, fmem=250 * MIB, smem=250 * MIB)
    # The agent holds the module's device open, so it goes first.
    vm.run('mv /sbin/hypertier-agent /sbin/agent.away; killall -KILL hypertier-agent; sleep 0.2; rmmod hyperflex')
    vm.run('mv /sbin/agent.away /sbin/hypertier-agent')
    until(lambda: 'hyperflex' in hypertierd.vm(vm.name).reason, 30, 'the loss shows',
          lambda: str(hypertierd.vm(vm.name)))
    vm.run('modprobe hyperflex')
    hypertierd.wait_managed(vm.name)
    until(lambda: [tier.balloon_bytes for tier in hypertierd.vm(vm.name).tiers] == [134 * MIB, 134 * MIB], 60,
          'targets are in force again', lambda: str(hypertierd.vm(vm.name)))
