# SPDX-License-Identifier: Apache-2.0
"""Save and restore, reboot, migration, boot: sizes and contents are right afterwards."""

import pytest

from integration.api import vm_pb2
from integration.hypertierd import Hypertierd, TIERCTL, until
from lab.sizes import MIB

KERNELS = ('6.1', '6.12')
SLACK = 8 * MIB


def inflate(hypertierd, vm):
    """Both balloons at 150 and 120 MiB, and a process that checks memory in both tiers."""
    hypertierd.resize_and_wait(vm.name, fmem=234 * MIB, smem=264 * MIB)
    return [vm.memhog('fmem', '48MiB', '--stride', '256'), vm.memhog('smem', '96MiB', '--stride', '256')]


def right_again(hypertierd, vm, hogs=()) -> None:
    hypertierd.wait_managed(vm.name)
    until(lambda: vm.resident('fmem') <= 234 * MIB + SLACK and vm.resident('smem') <= 264 * MIB + SLACK, 60,
          'the host backs no more than the targets',
          lambda: f'{vm.resident("fmem") >> 20} {vm.resident("smem") >> 20}\n{hypertierd.vm(vm.name)}')
    snapshot = vm.settled()
    assert snapshot['fmem.balloon_bytes'] == 150 * MIB
    assert snapshot['smem.balloon_bytes'] == 120 * MIB
    for hog in hogs:
        vm.memhog_end(hog)
    hypertierd.resize_and_wait(vm.name, fmem=384 * MIB, smem=300 * MIB)


def test_save_and_restore(hypertierd, managed, tmp_path) -> None:
    vm = managed()
    hogs = inflate(hypertierd, vm)
    vm.save(tmp_path / 'state')
    vm.restore(tmp_path / 'state')
    right_again(hypertierd, vm, hogs)


def test_live_migration_to_a_second_libvirt(hypertierd, managed, lab) -> None:
    # One vCPU: with several, QEMU's emulation itself loses writes in a live migration.
    vm = managed(vcpus=1)
    hogs = inflate(hypertierd, vm)
    folder = lab.artefacts / 'second'
    folder.mkdir()
    second = Hypertierd(lab.host('b'), folder)
    second.start()
    try:
        vm.migrate(lab.host('b'))
        right_again(second, vm, hogs)
        until(lambda: vm.name not in [other.display_name for other in hypertierd.vms()], 20, 'the source forgets it')
    finally:
        second.close()


@pytest.mark.parametrize('kernel', KERNELS)
def test_guest_reboot(hypertierd, managed, kernel) -> None:
    vm = managed(kernel=kernel)
    inflate(hypertierd, vm)
    vm.reboot()
    until(lambda: vm_pb2.VmEvent.KIND_REBOOT in [event.kind for event in hypertierd.vm(vm.name).events], 30,
          'the reboot shows')
    until(lambda: vm.hyperflex()['fmem.balloon_target_bytes'] == 150 * MIB, 30, 'the targets are sent again')
    right_again(hypertierd, vm)


@pytest.mark.parametrize('kernel', KERNELS)
def test_initial_targets_hold_from_boot_with_no_agent(hypertierd, lab, kernel) -> None:
    vm = lab.vm(kernel=kernel, tierctl=TIERCTL, fmem='384MiB', smem='384MiB', fmem_target='256MiB',
                smem_target='128MiB')
    # Before the command runner, the first process that allocates, there was init, which loads the module first.
    snapshot = vm.hyperflex()
    assert (snapshot['source'], snapshot['fmem.state'], snapshot['smem.state']) == ('boot', 'idle', 'idle')
    assert snapshot['fmem.balloon_bytes'] == 128 * MIB
    assert snapshot['smem.balloon_bytes'] == 256 * MIB
    assert vm.resident('fmem') <= 256 * MIB + SLACK
    assert vm.resident('smem') <= 128 * MIB + SLACK
    # Nobody has confirmed it, so the host counts the worst case.
    seen = hypertierd.vm(vm.name)
    assert seen.management == vm_pb2.MANAGEMENT_WAITING
    assert [tier.charged_bytes for tier in seen.tiers] == [384 * MIB, 384 * MIB]


def test_initial_targets_are_adopted_when_the_agent_comes(hypertierd, managed) -> None:
    vm = managed(fmem_target='256MiB', smem_target='128MiB')
    until(lambda: [tier.target_bytes for tier in hypertierd.vm(vm.name).tiers] == [256 * MIB, 128 * MIB], 10, 'adopted')
    until(lambda: [tier.charged_bytes for tier in hypertierd.vm(vm.name).tiers] == [256 * MIB, 128 * MIB], 10,
          'charged with what was confirmed', lambda: str(hypertierd.vm(vm.name)))
