# SPDX-License-Identifier: Apache-2.0
"""A guest with neither our modules nor our agent: its tiers follow their targets by virtio-mem."""

import pytest

from integration.api import FMEM, Operation, SMEM, vm_pb2
from integration.hypertierd import Hypertierd, TIERCTL, until
from lab import channel
from lab.lab import Lab
from lab.sizes import MIB
from lab.vm import TIERS, Vm

CELL = 320 * MIB
SLACK = 8 * MIB


def backed(vm: Vm, tier: str) -> int:
    """What the host backs of a tier: its cell and its device."""
    return vm.resident(tier) + vm.resident(f'device{TIERS[tier]}')


def fill(vm: Vm, tier: str) -> channel.Command:
    """A process that uses nearly all that is free of a tier."""
    return vm.memhog(tier, (memory(vm, tier, 'MemFree') - 48 * MIB) & -MIB)


def idle(daemon: Hypertierd, vm: Vm) -> bool:
    return all(tier.state == vm_pb2.TIER_STATE_IDLE for tier in daemon.vm(vm.name).tiers)


def memory(vm: Vm, tier: str, which: str = 'MemTotal') -> int:
    """Memory that the guest's kernel has on a tier's node."""
    meminfo = f'/sys/devices/system/node/node{TIERS[tier]}/meminfo'
    return int(vm.read(f"awk '/{which}:/ {{print $4}}' {meminfo}")) << 10


@pytest.mark.parametrize('kernel', ['6.1', '6.12'])
def test_tiers_of_a_guest_without_agent_follow_their_targets_over_a_restart(
        lab: Lab, hypertierd: Hypertierd, kernel: str) -> None:
    vm = lab.vm(kernel=kernel, fmem=CELL, smem=CELL, balloon='none', modules=('virtio_mem',),
                cmdline='memhp_default_state=online_movable', tierctl=TIERCTL, shape=('--provisioner', 'virtio-mem'))
    hypertierd.wait_managed(vm.name)
    until(lambda: idle(hypertierd, vm), 30, 'the guest has plugged all of its devices', hypertierd.log_text)
    shown = hypertierd.vm(vm.name)
    assert shown.provisioner == vm_pb2.PROVISIONER_VIRTIO_MEM
    assert shown.agent.link_state == vm_pb2.Agent.LINK_STATE_DOWN
    assert [tier.granularity_bytes for tier in shown.tiers] == [2 * MIB, 2 * MIB]
    whole = {tier: memory(vm, tier) for tier in TIERS}
    # Memory that was never touched is none that the host could get back.
    for tier in TIERS:
        vm.memhog_end(fill(vm, tier))
    assert backed(vm, 'smem') > 200 * MIB

    refused = hypertierd.tierctl('resize', vm.name, '--fmem', '257MiB')
    assert refused.returncode == 4 and 'round it to 268435456' in refused.stderr, refused
    refused = hypertierd.tierctl('resize', vm.name, '--fmem', '64MiB')
    assert refused.returncode == 4 and 'the size of its guest cell' in refused.stderr, refused

    done = hypertierd.tierctl('resize', vm.name, '--fmem', '256MiB', '--smem', '128MiB')
    assert done.returncode == 0, (done, hypertierd.log_text())
    assert backed(vm, 'fmem') <= 256 * MIB + SLACK
    assert backed(vm, 'smem') <= 128 * MIB + SLACK
    assert whole['fmem'] - memory(vm, 'fmem') == 64 * MIB
    assert whole['smem'] - memory(vm, 'smem') == 192 * MIB
    until(lambda: hypertierd.tier(vm.name, SMEM).charged_bytes == 128 * MIB, 10, 'what it gave back is not charged')
    wide = hypertierd.tierctl('list', '-o', 'wide').stdout
    assert 'virtio-mem' in wide and 'MiB/s' in wide, wide

    growing = hypertierd.resize(vm.name, CELL, CELL)
    hypertierd.kill()
    hypertierd.start()
    assert hypertierd.wait(growing).state == Operation.STATE_SUCCEEDED
    until(lambda: idle(hypertierd, vm), 10, 'both tiers are whole again')
    assert {tier: memory(vm, tier) for tier in TIERS} == whole
    vm.memhog_end(fill(vm, 'smem'))
    assert backed(vm, 'smem') > 200 * MIB


def test_a_guest_that_cannot_unplug_is_short_and_violating_and_keeps_to_what_it_has(
        lab: Lab, hypertierd: Hypertierd) -> None:
    lab.allowed_complaints.append('page allocation failure')
    vm = lab.vm(fmem=CELL, smem=CELL, balloon='none', modules=('virtio_mem',),
                cmdline='memhp_default_state=online_movable', tierctl=TIERCTL, shape=('--provisioner', 'virtio-mem'))
    hypertierd.wait_managed(vm.name)
    until(lambda: idle(hypertierd, vm), 30, 'the guest has plugged all of its devices', hypertierd.log_text)
    # In use on either node, so that nothing can make way.
    hogs = [fill(vm, tier) for tier in ('smem', 'fmem')]
    shrinking = hypertierd.resize(vm.name, smem=64 * MIB)
    until(lambda: hypertierd.tier(vm.name, SMEM).state == vm_pb2.TIER_STATE_SHORT, 30, 'it is told as short',
          hypertierd.log_text)
    tier = hypertierd.tier(vm.name, SMEM)
    assert 128 * MIB <= tier.shortfall_bytes <= 256 * MIB
    assert tier.charged_bytes >= 64 * MIB + tier.shortfall_bytes, 'what it has not given back is charged'
    until(lambda: hypertierd.tier(vm.name, SMEM).compliance == vm_pb2.COMPLIANCE_VIOLATING, 20,
          'it is seen as violating', hypertierd.log_text)
    shown = hypertierd.tierctl('get', vm.name).stdout
    assert 'short by' in shown and 'violating' in shown, shown
    assert 'cannot give up' in hypertierd.operation(shrinking.name).status_message
    assert hypertierd.tier(vm.name, FMEM).state == vm_pb2.TIER_STATE_IDLE
    assert hypertierd.tier(vm.name, FMEM).target_bytes == CELL

    for hog in hogs:
        vm.memhog_end(hog)
    # The driver tries again by itself after 50 s and more; another size makes it do so at once.
    hypertierd.resize_and_wait(vm.name, smem=66 * MIB)
    assert hypertierd.operation(shrinking.name).state == Operation.STATE_FAILED
    assert backed(vm, 'smem') <= 66 * MIB + SLACK
    until(lambda: hypertierd.tier(vm.name, SMEM).compliance == vm_pb2.COMPLIANCE_COMPLIANT, 20, 'all is well again')
