# SPDX-License-Identifier: Apache-2.0
"""Alerts that fire because what they tell of has happened, and resolve when it is over.

One host, one VM and one Prometheus for all; rules are ours, in which time goes 900 times as fast.
"""

import collections.abc
import signal
import sqlite3

import pytest

from integration.hypertierd import Hypertierd, TIERCTL, until
from integration.monitoring import hurried, Prometheus, RULES
from lab.lab import Hosts, Lab
from lab.vm import Vm

# Four hours are 16 s then, and what lasts a quarter of an hour 1 s.
FASTER = 900
HOST = 'host-a'
QOS = '''\
[qos]
period_ms = 500
fmem_capacity = "512MiB"
smem_capacity = "1GiB"
fmem_reserve = "0"
'''


@pytest.fixture(scope='module')
def lab(lab_hosts: Hosts, lab_artefacts) -> collections.abc.Iterator[Lab]:
    folder = lab_artefacts / 'test_alerts'
    folder.mkdir(exist_ok=True)
    with Lab(lab_hosts, folder) as here:
        yield here
    here.check()


@pytest.fixture(scope='module')
def host(lab: Lab) -> collections.abc.Iterator[Hypertierd]:
    daemon = Hypertierd(lab.host(), lab.artefacts, QOS)
    daemon.start()
    yield daemon
    daemon.close()


@pytest.fixture(scope='module')
def vm(lab: Lab, host: Hypertierd) -> Vm:
    """It has nothing that could move its memory, so that a program that is bound to FMEM stays there."""
    vm = lab.vm(agent=True, tierctl=TIERCTL, fmem='384MiB', smem='512MiB')
    host.wait_managed(vm.name)
    return vm


@pytest.fixture(scope='module')
def prometheus(lab: Lab, host: Hypertierd) -> collections.abc.Iterator[Prometheus]:
    server = Prometheus(lab.artefacts)
    server.start({'hypertierd': {f'127.0.0.1:{host.metrics_port}': HOST}}, hurried(RULES, FASTER, server.folder))
    yield server
    server.stop()


def fires(prometheus: Prometheus, alertname: str, **labels: str) -> dict[str, str]:
    """Waits until the alert fires; its labels and annotations."""
    def found() -> list[dict[str, str]]:
        return [alert for alert in prometheus.alerts().get(alertname, ())
                if all(alert.get(label) == value for label, value in {'instance': HOST, **labels}.items())]
    until(lambda: bool(found()), 60, f'{alertname} fires', lambda: str(prometheus.alerts()))
    return found()[0]


def resolves(prometheus: Prometheus, *names: str) -> None:
    for name in names:
        until(lambda: name not in prometheus.alerts(), 60, f'{name} resolves', lambda: str(prometheus.alerts()))


def said(daemon: Hypertierd, *command: str) -> str:
    """What tierctl prints; it must succeed."""
    done = daemon.tierctl(*command)
    assert done.returncode == 0, (command, done)
    return done.stdout


def test_hypertierd_that_is_killed(host: Hypertierd, prometheus: Prometheus) -> None:
    # Until the first scrape it knows none, which is an alert as well.
    resolves(prometheus, 'HypertierdDown')
    host.kill(signal.SIGKILL)
    alert = fires(prometheus, 'HypertierdDown', severity='critical')
    assert alert['summary'] == f'hypertierd of {HOST} does not answer'
    assert alert['runbook_url'].endswith('/HypertierdDown.md')
    host.start()
    resolves(prometheus, 'HypertierdDown')


def test_libvirt_that_is_stopped(lab: Lab, host: Hypertierd, prometheus: Prometheus) -> None:
    lab.host().stop('libvirtd', signal.SIGKILL)
    fires(prometheus, 'HypertierLibvirtDisconnected', severity='critical')
    # The host takes no new VM by that, which this alert says already.
    assert 'HypertierHostDegraded' not in prometheus.alerts()
    lab.host().start('libvirtd')
    resolves(prometheus, 'HypertierLibvirtDisconnected')


def test_a_configuration_with_an_error(host: Hypertierd, prometheus: Prometheus) -> None:
    host.reconfigure('report_interval_ms = 200', 'report_interval_ms = 0')
    fires(prometheus, 'HypertierConfigNotInForce', severity='warning')
    host.reconfigure('report_interval_ms = 0', 'report_interval_ms = 200')
    resolves(prometheus, 'HypertierConfigNotInForce')


def test_a_host_on_which_nothing_is_planned(host: Hypertierd, prometheus: Prometheus) -> None:
    host.reconfigure('[qos]', '[qos]\npolicy = "off"')
    fires(prometheus, 'HypertierHostDegraded', severity='warning')
    host.reconfigure('[qos]\npolicy = "off"', '[qos]')
    resolves(prometheus, 'HypertierHostDegraded')


def test_maintenance_that_somebody_has_forgotten(host: Hypertierd, prometheus: Prometheus) -> None:
    said(host, 'maintenance', 'on', '--reason', 'a test')
    fires(prometheus, 'HypertierMaintenanceLong', severity='warning')
    said(host, 'maintenance', 'off')
    resolves(prometheus, 'HypertierMaintenanceLong')


def test_a_ledger_that_somebody_else_holds(host: Hypertierd, prometheus: Prometheus) -> None:
    held = sqlite3.connect(host.folder / 'ledger.sqlite', isolation_level=None)
    held.execute('BEGIN IMMEDIATE')
    refused = host.tierctl('tenant', 'create', 'acme')
    assert refused.returncode != 0 and 'ledger' in refused.stderr, refused
    fires(prometheus, 'HypertierLedgerNotWritable', severity='critical')
    held.close()
    said(host, 'tenant', 'create', 'acme')
    said(host, 'tenant', 'delete', 'acme')
    resolves(prometheus, 'HypertierLedgerNotWritable')


def test_more_promised_than_there_is(host: Hypertierd, vm: Vm, prometheus: Prometheus) -> None:
    said(host, 'tenant', 'create', 'acme', '--fmem-reservation', '95%')
    fires(prometheus, 'HypertierTierNearlySold', tier='fmem')
    # The VM, which is nobody's, has its target beside that.
    fires(prometheus, 'HypertierReservationsBeyondCapacity', tier='fmem', severity='critical')
    assert 'are reserved on this host' in said(host, 'host')
    said(host, 'tenant', 'delete', 'acme')
    resolves(prometheus, 'HypertierTierNearlySold', 'HypertierReservationsBeyondCapacity')


def test_a_vm_that_does_not_give_back(host: Hypertierd, vm: Vm, prometheus: Prometheus) -> None:
    hog = vm.memhog('fmem', '224MiB')
    said(host, 'policy', 'set', vm.name, '--mode', 'auto', '--fmem-limit', '128MiB')
    alert = fires(prometheus, 'HypertierVmViolating', vm=vm.uuid, name=vm.name, tier='fmem')
    assert f'VM {vm.name} ({vm.uuid}) holds ' in alert['description'], alert
    # It says itself that it cannot.
    fires(prometheus, 'HypertierVmShortfall', vm=vm.uuid, name=vm.name, tier='fmem')
    vm.memhog_end(hog)
    resolves(prometheus, 'HypertierVmViolating', 'HypertierVmShortfall')


def test_an_agent_that_is_stopped_in_the_guest(host: Hypertierd, vm: Vm, prometheus: Prometheus) -> None:
    until(lambda: prometheus.query(f'hypertier_vm_agent_up{{vm="{vm.uuid}"}} == 1') != [], 30, 'it has been there')
    vm.run('mv /sbin/hypertier-agent /sbin/agent.away; killall -KILL hypertier-agent')
    alert = fires(prometheus, 'HypertierAgentDown', vm=vm.uuid, name=vm.name)
    assert vm.name in alert['summary'], alert
    vm.run('mv /sbin/agent.away /sbin/hypertier-agent')
    host.wait_managed(vm.name)
    resolves(prometheus, 'HypertierAgentDown')


def test_a_guest_without_placement_and_then_with_it(host: Hypertierd, vm: Vm, prometheus: Prometheus) -> None:
    fires(prometheus, 'HypertierPlacementOff', vm=vm.uuid, name=vm.name)
    vm.run('modprobe hyperplace; killall -KILL hypertier-agent')
    resolves(prometheus, 'HypertierPlacementOff')


def test_a_guest_that_sends_garbage(host: Hypertierd, vm: Vm, prometheus: Prometheus) -> None:
    # Respawned agents would take the port away from us.
    vm.run('mv /sbin/hypertier-agent /sbin/agent.away; killall -KILL hypertier-agent')
    # The link is reset after five seconds of that, over and over.
    vm.start('sleep 0.5; timeout -s KILL 60 cat /dev/zero >/dev/virtio-ports/org.hypertier.agent.0')
    fires(prometheus, 'HypertierGuestImplausible', vm=vm.uuid, name=vm.name)
    vm.run('killall -KILL cat; mv /sbin/agent.away /sbin/hypertier-agent')
    host.wait_managed(vm.name)
    resolves(prometheus, 'HypertierGuestImplausible')


def test_without_series_of_vms_alerts_count_them(host: Hypertierd, vm: Vm, prometheus: Prometheus) -> None:
    host.config.write_text(f'{host.config.read_text(encoding="utf-8")}[metrics]\nper_vm = false\n', encoding='utf-8')
    assert host.kill(signal.SIGTERM) == 0
    host.start()
    vm.run('mv /sbin/hypertier-agent /sbin/agent.away; killall -KILL hypertier-agent')
    alert = fires(prometheus, 'HypertierAgentDown')
    assert 'vm' not in alert and 'that do not report: 1.' in alert['description'], alert
    vm.run('mv /sbin/agent.away /sbin/hypertier-agent')
    host.wait_managed(vm.name)
    resolves(prometheus, 'HypertierAgentDown')
