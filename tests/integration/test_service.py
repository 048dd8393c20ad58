# SPDX-License-Identifier: Apache-2.0
"""What clients see: listing, errors, tierctl, metrics, the life of the service."""

import json
import subprocess

import grpc
import pytest

from integration.api import FMEM, SMEM, hypertier_pb2, vm_pb2
from integration.hypertierd import BINARY, until
from lab.sizes import MIB


def test_every_domain_is_listed_and_those_not_ours_say_why(hypertierd, lab, managed) -> None:
    managed_vm = managed(vcpus=1)
    plain = lab.vm(two_tier=False, balloon='none', vcpus=1)
    stock = lab.vm(balloon='stock', agent=True, vcpus=1)
    until(lambda: len(hypertierd.vms()) == 3, 20, 'all are listed')
    until(lambda: 'virtio_balloon' in hypertierd.vm(stock.name).reason, 30, 'the stock driver is named',
          lambda: str(hypertierd.vm(stock.name)))
    assert hypertierd.vm(stock.name).management == vm_pb2.MANAGEMENT_UNMANAGED
    assert hypertierd.vm(plain.name).management == vm_pb2.MANAGEMENT_UNMANAGED
    assert 'not two-tier' in hypertierd.vm(plain.name).reason
    assert hypertierd.vm(managed_vm.name).name == f'vms/{managed_vm.uuid}'
    # A VM that is left alone is left alone.
    with pytest.raises(grpc.RpcError) as refused:
        hypertierd.resize(plain.name, fmem=128 * MIB)
    assert refused.value.code() == grpc.StatusCode.FAILED_PRECONDITION
    assert 'not two-tier' in refused.value.details()


NOBODY = '00000000-0000-0000-0000-000000000000'


def resize(name: str, *tiers) -> hypertier_pb2.ResizeVmRequest:
    return hypertier_pb2.ResizeVmRequest(name=name, tiers=[hypertier_pb2.TierResize(**tier) for tier in tiers])


def test_bad_requests_name_field_and_bound_and_change_nothing(hypertierd, managed) -> None:
    vm = managed()
    cases = [
        (resize(f'vms/{NOBODY}', {'tier': FMEM, 'target_bytes': MIB}), 'NOT_FOUND', NOBODY),
        (resize(''), 'INVALID_ARGUMENT', 'name'),
        (resize(vm.name), 'INVALID_ARGUMENT', 'tiers'),
        (resize(vm.name, {'tier': 0, 'target_bytes': MIB}), 'INVALID_ARGUMENT', 'tier'),
        (resize(vm.name, {'tier': FMEM}), 'INVALID_ARGUMENT', 'target_bytes'),
        (resize(vm.name, {'tier': FMEM, 'target_bytes': 200 * MIB + 1}), 'INVALID_ARGUMENT', '4096'),
        (resize(vm.name, {'tier': FMEM, 'target_bytes': 385 * MIB}), 'OUT_OF_RANGE', str(384 * MIB)),
        (resize(vm.name, {'tier': FMEM, 'target_bytes': 63 * MIB}), 'OUT_OF_RANGE', 'floor'),
        (resize(vm.name, {'tier': FMEM, 'delta_bytes': 4096}), 'OUT_OF_RANGE', str(384 * MIB)),
        (resize(vm.name, {'tier': FMEM, 'target_bytes': 256 * MIB}, {'tier': FMEM, 'target_bytes': 256 * MIB}),
         'INVALID_ARGUMENT', 'twice'),
        # One of the two is impossible: neither happens.
        (resize(vm.name, {'tier': SMEM, 'target_bytes': 256 * MIB}, {'tier': FMEM, 'target_bytes': 1 << 60}),
         'OUT_OF_RANGE', 'tiers[1]'),
    ]
    for request, code, text in cases:
        with pytest.raises(grpc.RpcError) as refused:
            hypertierd.stub.ResizeVm(request, timeout=10)
        assert refused.value.code().name == code, f'{request}: {refused.value}'
        assert text in refused.value.details(), f'{request}: {refused.value.details()}'
    assert [tier.target_bytes for tier in hypertierd.vm(vm.name).tiers] == [384 * MIB, 384 * MIB]
    assert vm.hyperflex()['generation'] == 0


def test_tierctl_lists_gets_resizes_and_reports_errors_by_exit_code(hypertierd, managed) -> None:
    vm = managed()
    listed = hypertierd.tierctl('list')
    assert listed.returncode == 0 and vm.name in listed.stdout and 'RESIDENT' in listed.stdout, listed
    assert hypertierd.tierctl('list', '-o', 'name').stdout.split() == [vm.name]
    got = json.loads(hypertierd.tierctl('get', vm.name, '-o', 'json').stdout)
    assert got['tiers'][0]['kind'] == 'TIER_KIND_FMEM'
    resized = hypertierd.tierctl('resize', vm.name, '--fmem', '256MiB', '--smem=-128MiB')
    assert resized.returncode == 0 and '100%' in resized.stdout and 'succeeded' in resized.stdout, resized
    assert [tier.target_bytes for tier in hypertierd.vm(vm.name).tiers] == [256 * MIB, 256 * MIB]
    queued = hypertierd.tierctl('resize', vm.name, '--fmem', '+16MiB', '--no-wait')
    assert queued.returncode == 0 and queued.stdout.startswith('operations/'), queued
    assert hypertierd.tierctl('wait', queued.stdout.strip()).returncode == 0
    assert hypertierd.tierctl('resize', vm.name, '--smem', '300MiB', '--dry-run').returncode == 0
    assert hypertierd.tier(vm.name, SMEM).target_bytes == 256 * MIB
    for arguments, code in ((('resize', vm.name), 2), (('get', 'nobody'), 3),
                            (('resize', vm.name, '--fmem', '1TiB'), 4), (('--endpoint', 'unix:/nowhere', 'list'), 5)):
        failed = hypertierd.tierctl(*arguments)
        assert failed.returncode == code and failed.stderr, (arguments, failed)


def test_metrics_show_every_tier(hypertierd, managed) -> None:
    vm = managed()
    hypertierd.resize_and_wait(vm.name, fmem=256 * MIB)
    text = hypertierd.metrics()
    assert 'hypertier_build_info{' in text
    for name, value in (('cell', 384), ('target', 256), ('balloon', 128)):
        line = next(line for line in text.splitlines()
                    if line.startswith(f'hypertier_vm_tier_{name}_bytes') and vm.uuid in line and '"fmem"' in line)
        assert float(line.split()[-1]) == value * MIB
    checked = subprocess.run(['promtool', 'check', 'metrics'], input=text, capture_output=True, text=True, timeout=20,
                             check=False)
    assert checked.returncode == 0 and not checked.stderr, checked.stderr


def test_a_tenant_can_scrape_its_own_agent(hypertierd, managed) -> None:
    vm = managed()
    hypertierd.resize_and_wait(vm.name, fmem=256 * MIB)
    # Beside the agent that the host speaks to: this one has no port.
    vm.run('ip link set lo up; hypertier-agent --metrics 127.0.0.1:9843 --port /dev/none --source none '
           '</dev/null >/var/log/scraped.log 2>&1 &')
    wanted = f'\nhypertier_agent_tier_balloon_bytes{{tier="fmem"}} {128 * MIB}\n'
    scrape = 'wget -qO- http://127.0.0.1:9843/metrics'
    until(lambda: wanted in vm.run(scrape, check=False).stdout, 30, 'it shows the balloon',
          lambda: vm.read('cat /var/log/scraped.log'))
    text = vm.run(scrape).stdout
    checked = subprocess.run(['promtool', 'check', 'metrics'], input=text, capture_output=True, text=True, timeout=20,
                             check=False)
    assert checked.returncode == 0 and not checked.stderr, checked.stderr
    assert 'hypertier_agent_link_up 0' in text


def test_watch_sends_all_then_changes(hypertierd, managed) -> None:
    vm = managed()
    stream = hypertierd.stub.WatchVms(hypertier_pb2.WatchVmsRequest(), timeout=60)
    first = next(stream)
    assert first.vm.display_name == vm.name
    hypertierd.resize(vm.name, smem=200 * MIB)
    assert any(message.vm.tiers and message.vm.tiers[1].balloon_bytes == 184 * MIB for message in stream)
    stream.cancel()


def test_second_hypertierd_on_the_same_state_is_refused(hypertierd, lab) -> None:
    done = subprocess.run(lab.host().inside([BINARY, '--config', hypertierd.config]), capture_output=True, text=True,
                          timeout=20, check=False)
    assert done.returncode != 0
    assert 'already' in done.stderr or 'another' in done.stderr, done.stderr
    assert hypertierd.alive()


def test_config_is_checked_whole_with_line_and_reason(tmp_path) -> None:
    bad = tmp_path / 'bad.toml'
    bad.write_text('[listen]\ngrpc = 7\n[residency]\nperiod_ms = -1\n[resize]\nfmem_flor = "1MiB"\n', encoding='utf-8')
    done = subprocess.run([BINARY, '--config', bad, '--check-config'], capture_output=True, text=True, timeout=20,
                          check=False)
    assert done.returncode == 2
    for wanted in (f'{bad}:2:', 'listen.grpc', f'{bad}:4:', 'period_ms', f'{bad}:6:', 'fmem_floor'):
        assert wanted in done.stdout + done.stderr, done
