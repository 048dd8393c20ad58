# SPDX-License-Identifier: Apache-2.0
"""The lab keeps its own promises."""

import collections.abc
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

from lab import channel
from lab import errors
from lab import paths
from lab import private_libvirt
from lab import sizes
from lab.lab import Hosts, Lab
from lab.vm import Vm

SERIES = ('6.1', '6.12')


@pytest.fixture(scope='module', name='vm')
def shared_vm(lab_hosts: Hosts, lab_artefacts: pathlib.Path) -> collections.abc.Iterator[Vm]:
    """One guest for all tests that leave no trace in it."""
    with Lab(lab_hosts, lab_artefacts) as here:
        yield here.vm()
    here.check()


@pytest.mark.parametrize('kernel', SERIES)
def test_guest_has_two_nodes_with_all_cpus_on_the_first(lab: Lab, kernel: str) -> None:
    vm = lab.vm(kernel=kernel, fmem='256MiB', smem='512MiB')
    assert vm.read('uname -r').startswith(f'{kernel}.')
    assert vm.read('cat /sys/devices/system/node/online') == '0-1'
    assert vm.read('cat /sys/devices/system/node/has_cpu') == '0'
    kib = [int(vm.read(f"awk '/MemTotal/ {{print $4}}' /sys/devices/system/node/node{node}/meminfo"))
           for node in (0, 1)]
    assert 150 << 10 < kib[0] <= 256 << 10
    assert 440 << 10 < kib[1] <= 512 << 10
    tiers = vm.read('cat /sys/devices/virtual/memory_tiering/*/nodelist').split()
    assert tiers == (['0', '1'] if kernel == '6.12' else ['0-1'])


@pytest.mark.parametrize('kernel', SERIES)
def test_code_that_the_kernel_patches_is_what_emulated_cpus_execute(lab: Lab, kernel: str) -> None:
    # Without stale_int3.ko, one in a few thousand patches of what both CPUs execute ends the guest.
    vm = lab.vm(kernel=kernel, balloon='none')
    assert vm.read('cat /sys/module/stale_int3/parameters/met').isdigit()
    vm.run("""
        for _ in 1 2 3 4; do (while :; do ls / >/dev/null; done) & done
        for _ in $(seq 1500); do
            echo 1 >/proc/sys/kernel/numa_balancing
            echo 0 >/proc/sys/kernel/numa_balancing
        done
        kill $(jobs -p)""")


def test_command_runner_returns_status_and_both_outputs(vm: Vm) -> None:
    result = vm.run('echo out; echo err >&2; exit 7', check=False)
    assert (result.status, result.stdout, result.stderr) == (7, 'out\n', 'err\n')
    with pytest.raises(errors.CommandFailed, match='status 1'):
        vm.run('false')
    assert vm.run('kill -9 $$', check=False).status == 128 + 9


def test_command_runner_kills_what_takes_too_long(vm: Vm) -> None:
    with pytest.raises(errors.GuestTimeout):
        vm.run('echo started; sleep 1000', timeout=1)
    assert vm.read('pidof sleep | wc -w') == '0'


def test_command_runner_runs_many_at_once(vm: Vm) -> None:
    commands: list[channel.Command] = [vm.start(f'sleep 0.{i}; echo {i}') for i in range(10)]
    assert [command.wait() for command in commands] == [0] * 10
    assert [command.stdout for command in commands] == [f'{i}\n' for i in range(10)]


def test_files_of_some_mebibytes_come_back_as_they_went(vm: Vm) -> None:
    content = os.urandom(3 << 20)
    vm.put(content, '/tmp/file')
    assert vm.get('/tmp/file') == content
    assert vm.read('stat -c %s /tmp/file') == str(len(content))


def test_residency_follows_what_the_guest_touches_tier_by_tier(vm: Vm) -> None:
    # What booting left free but touched is used again.
    reused = 64 << 20
    for tier, size in (('smem', 200 << 20), ('fmem', 100 << 20)):
        other = 'fmem' if tier == 'smem' else 'smem'
        before, before_other = vm.resident(tier), vm.resident(other)
        hog = vm.memhog(tier, size, '--rounds', '0')
        assert size + (8 << 20) > vm.resident(tier) - before > size - reused
        # Page tables and the process itself.
        assert vm.resident(other) - before_other < 8 << 20
        vm.memhog_end(hog)


def test_memhog_finds_no_mismatch_in_memory_that_is_well(vm: Vm) -> None:
    hog = vm.memhog('smem', '100MiB', '--workers', '2')
    hog.wait_for('worker 1 round 2 mismatches 0')
    vm.memhog_end(hog)
    assert 'end status 0' in hog.stdout


def test_kernel_complaint_on_the_console_is_found(lab: Lab) -> None:
    vm = lab.vm()
    assert vm.console.complaints() == []
    vm.run("echo '<4>WARNING: made up by the test' >/dev/kmsg")
    deadline = time.monotonic() + 10
    while not vm.console.complaints() and time.monotonic() < deadline:
        time.sleep(0.05)
    with pytest.raises(errors.KernelComplaint, match='made up by the test'):
        vm.console.check()
    lab.allowed_complaints.append('made up by the test')


def test_commands_outlive_save_and_restore_and_migration(lab: Lab, tmp_path: pathlib.Path) -> None:
    vm = lab.vm(vcpus=1)
    hog = vm.memhog('smem', '64MiB')
    vm.save(tmp_path / 'state')
    vm.restore(tmp_path / 'state')
    assert vm.read('echo restored') == 'restored'
    vm.migrate(lab.host('b'))
    assert vm.read('echo moved') == 'moved'
    vm.memhog_end(hog)


@pytest.mark.parametrize('hard', (False, True))
def test_reboot_ends_commands_and_comes_back(lab: Lab, hard: bool) -> None:
    vm = lab.vm()
    left = vm.start('sleep 1000')
    vm.run('touch /tmp/here')
    vm.reboot(hard)
    with pytest.raises(errors.LabError, match='booted anew'):
        left.wait()
    assert vm.run('test -e /tmp/here', check=False).status == 1


@pytest.mark.parametrize('how', (signal.SIGINT, signal.SIGTERM, signal.SIGKILL))
def test_nothing_is_left_however_the_process_ends(how: signal.Signals) -> None:
    if reason := private_libvirt.usable():
        pytest.skip(f'no virtual machines here: {reason}')
    # A shell's background jobs inherit that SIGINT is ignored.
    script = ('import signal, sys, time; sys.path.insert(0, sys.argv[1])\n'
              'signal.signal(signal.SIGINT, signal.default_int_handler)\n'
              'from lab import lab as lab_module\n'
              'here = lab_module.Lab(lab_module.Hosts(), lab_module.new_artefacts())\n'
              'vm = here.vm()\n'
              'print(here.host().folder, vm.pid(), flush=True)\n'
              'time.sleep(1000)\n')
    with subprocess.Popen([sys.executable, '-c', script, paths.LAB.parent], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout
        folder, pid = process.stdout.readline().split()
        assert pathlib.Path(folder).is_dir() and pathlib.Path(f'/proc/{pid}').is_dir()
        process.send_signal(how)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and (pathlib.Path(folder).exists() or pathlib.Path(f'/proc/{pid}').exists()):
        time.sleep(0.05)
    assert not pathlib.Path(folder).exists()
    assert not pathlib.Path(f'/proc/{pid}').exists()
    assert folder not in pathlib.Path('/proc/mounts').read_text(encoding='utf-8')


def test_libvirtd_restarts_under_a_running_guest(lab: Lab) -> None:
    vm = lab.vm()
    pid = vm.pid()
    lab.host().stop('libvirtd', signal.SIGKILL)
    lab.host().start('libvirtd')
    assert vm.domain().isActive()
    assert vm.pid() == pid
    assert vm.read('echo still here') == 'still here'


@pytest.mark.parametrize('text, size', (('256MiB', 256 << 20), ('0.5 GiB', 512 << 20), (4096, 4096), ('12', 12)))
def test_sizes_are_read_as_people_write_them(text: str | int, size: int) -> None:
    assert sizes.parse(text) == size


def test_a_wrong_size_is_refused() -> None:
    with pytest.raises(errors.LabError, match='256MiB'):
        sizes.parse('1 parsec')
