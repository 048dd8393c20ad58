# SPDX-License-Identifier: Apache-2.0
"""A running hypertierd for tests of its status page.

Domains are those of libvirt's test driver; their agents are simulated, and their memory is held by processes that look
like their QEMUs.

As a program, it is at the service of tests in other languages: when all VMs are managed it says where the page is, in
a line of JSON; each line of JSON on its standard input is a command (see Service), each line of its output the answer.
It ends with its standard input.
"""

import argparse
import contextlib
import dataclasses
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from xml.sax import saxutils

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import grpc  # noqa: E402

from integration.api import hypertier_pb2, hypertier_pb2_grpc, vm_pb2  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get('HYPERTIER_BUILD', ROOT / 'build' / 'release'))
MIB = 1 << 20

CONFIG = '''\
[listen]
grpc = "{endpoint}"
metrics = "127.0.0.1:{metrics_port}"
status = "127.0.0.1:{port}"
[libvirt]
uri = "test://{folder}/fleet.xml"
run_dir = "{folder}/run"
[state]
ledger = "{folder}/ledger.sqlite"
[qos]
policy = "static"
period_ms = 500
fmem_capacity = "{fmem}"
smem_capacity = "{smem}"
fmem_reserve = "0"
smem_reserve = "0"
'''

DOMAIN = '''\
<domain type='test' xmlns:test='http://libvirt.org/schemas/domain/test/1.0'>
  <name>{name}</name><uuid>{uuid}</uuid>
  {metadata}
  <memory unit='MiB'>{memory}</memory><vcpu>2</vcpu>
  <memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>
  <os><type>hvm</type></os>
  {cells}
  <devices>
    <memballoon model='virtio'/>
    <channel type='unix'><source mode='bind' path='{folder}/guests/{number}'/>
      <target type='virtio' name='org.hypertier.agent.0'/></channel>
  </devices>
  <test:runstate>{runstate}</test:runstate>
</domain>
'''
RUNNING, SHUT_OFF = 1, 5


@dataclasses.dataclass(frozen=True)
class Vm:
    """A domain; sizes in MiB."""
    name: str
    tenant: str = ''
    fmem: int = 256
    smem: int = 512
    mode: str = 'static'
    reservation: int = 0
    # Of FMEM and SMEM; None: nobody holds memory for it.
    resident: tuple[int, int] | None = None
    # Targets that are set once it is managed.
    target: tuple[int, int] | None = None
    two_tier: bool = True
    runs: bool = True


HOSTILE = '<img src=x onerror=alert(1)>'
SMALL = (
    Vm('web-1', 'acme', resident=(180, 96), target=(192, 256)),
    Vm('web-2', 'acme', resident=(40, 300), target=(128, 384)),
    Vm(HOSTILE, 'globex', resident=(100, 64), target=(160, 200)),
    Vm('db-1', 'globex', mode='auto', reservation=128, resident=(90, 200)),
    Vm('an-uncommonly-long-name-of-a-batch-machine-that-somebody-chose', 'initech', resident=(60, 480)),
    Vm('keeps-too-much', 'initech', resident=(150, 32), target=(96, 256)),
    Vm('plain', two_tier=False),
    Vm('asleep', 'acme', runs=False),
)


def many(count: int) -> tuple[Vm, ...]:
    return tuple(Vm(f'vm{i}', f'tenant{i % 50}', mode='auto' if i % 10 else 'static', reservation=64)
                 for i in range(count))


class Fleet:
    def __init__(self, folder: pathlib.Path, vms: tuple[Vm, ...]) -> None:
        self.folder = folder
        self.vms = vms
        self.endpoint = f'unix:{folder}/api.sock'
        self.port, self.metrics_port = free_port(), free_port()
        self.url = f'http://127.0.0.1:{self.port}/'
        self.daemon: subprocess.Popen | None = None
        self.others: list[subprocess.Popen] = []
        for name in ('guests', 'run'):
            (folder / name).mkdir()
        config = CONFIG.format(endpoint=self.endpoint, port=self.port, metrics_port=self.metrics_port, folder=folder,
                               fmem=sum(vm.fmem for vm in vms) * MIB, smem=sum(vm.smem for vm in vms) * 2 * MIB)
        (folder / 'hypertierd.toml').write_text(config, encoding='utf-8')
        domains = ''.join(self._domain(number) for number in range(len(vms)))
        (folder / 'fleet.xml').write_text(f'<node>{domains}</node>', encoding='utf-8')

    def __enter__(self) -> 'Fleet':
        try:
            self._start_guests()
            for number, vm in enumerate(self.vms):
                if vm.resident is not None:
                    self._start_qemu(number, vm)
            self.start()
            self._set_targets()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def _domain(self, number: int) -> str:
        vm = self.vms[number]
        cells = metadata = ''
        if vm.two_tier:
            cells = (f"<cpu><numa><cell id='0' cpus='0-1' memory='{vm.fmem}' unit='MiB'/>"
                     f"<cell id='1' memory='{vm.smem}' unit='MiB'/></numa></cpu>")
            metadata = (f"<metadata><ht:vm xmlns:ht='urn:hypertier:vm:1' tenant='{vm.tenant}' mode='{vm.mode}'>"
                        f"<ht:fmem reservation='{vm.reservation}MiB'/></ht:vm></metadata>")
        return DOMAIN.format(name=saxutils.escape(vm.name), uuid=uuid_of(number), metadata=metadata, cells=cells,
                             memory=vm.fmem + vm.smem, folder=self.folder, number=number,
                             runstate=RUNNING if vm.runs else SHUT_OFF)

    def _start_guests(self) -> None:
        program = BUILD / 'host-service' / 'channel' / 'fleet_guests'
        command = [program, self.folder / 'guests', str(len(self.vms)), str(self.vms[0].fmem), str(self.vms[0].smem)]
        guests = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self.others.append(guests)
        last = self.folder / 'guests' / str(len(self.vms) - 1)
        until(lambda: guests.poll() is not None or last.exists(), 60, 'the simulated guests listen')

    def _start_qemu(self, number: int, vm: Vm) -> None:
        assert vm.resident is not None
        cells = [f'{cell * MIB}:{resident * MIB}' for cell, resident in zip((vm.fmem, vm.smem), vm.resident)]
        qemu = subprocess.Popen([sys.executable, ROOT / 'tests' / 'page' / 'fake_qemu.py', uuid_of(number), *cells],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.others.append(qemu)
        assert qemu.stdout is not None and qemu.stdout.readline() == b'ready\n'
        (self.folder / 'run' / f'{vm.name}.pid').write_text(f'{qemu.pid}\n', encoding='utf-8')

    def start(self) -> None:
        """Starts hypertierd, and waits until it manages what it can."""
        with open(self.folder / 'hypertierd.log', 'ab') as log:
            command = [BUILD / 'host-service' / 'daemon' / 'hypertierd', '--config', self.folder / 'hypertierd.toml']
            self.daemon = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wanted = sum(vm.two_tier and vm.runs for vm in self.vms)
        until(lambda: self._managed() == wanted, 120, 'hypertierd manages the VMs', self.log_text)

    def kill(self) -> None:
        assert self.daemon is not None
        self.daemon.send_signal(signal.SIGKILL)
        self.daemon.wait()

    def close(self) -> None:
        for process in (self.daemon, *self.others):
            if process is not None and process.poll() is None:
                process.kill()
                process.wait()

    def log_text(self) -> str:
        return (self.folder / 'hypertierd.log').read_text(encoding='utf-8', errors='replace')[-4000:]

    @contextlib.contextmanager
    def stub(self):
        options = [('grpc.initial_reconnect_backoff_ms', 50), ('grpc.max_reconnect_backoff_ms', 50)]
        with grpc.insecure_channel(self.endpoint, options) as channel:
            yield hypertier_pb2_grpc.HyperTierServiceStub(channel)

    def list_vms(self) -> list:
        with self.stub() as stub:
            request = hypertier_pb2.ListVmsRequest(page_size=1000)
            vms: list = []
            while True:
                page = stub.ListVms(request, timeout=10)
                vms += page.vms
                request.page_token = page.next_page_token
                if not request.page_token:
                    return vms

    def _managed(self) -> int:
        assert self.daemon is not None
        assert self.daemon.poll() is None, f'hypertierd has ended:\n{self.log_text()}'
        with contextlib.suppress(grpc.RpcError):
            return sum(vm.management == vm_pb2.MANAGEMENT_MANAGED for vm in self.list_vms())
        return 0

    def _set_targets(self) -> None:
        for number, vm in enumerate(self.vms):
            if vm.target is not None:
                self.resize(uuid_of(number), *(target * MIB for target in vm.target))

    def resize(self, vm: str, fmem: int, smem: int) -> None:
        tiers = [hypertier_pb2.TierResize(tier=kind, target_bytes=size)
                 for kind, size in ((vm_pb2.TIER_KIND_FMEM, fmem), (vm_pb2.TIER_KIND_SMEM, smem))]
        with self.stub() as stub:
            stub.ResizeVm(hypertier_pb2.ResizeVmRequest(name=f'vms/{vm}', tiers=tiers), timeout=10)

    def figures(self) -> dict:
        """What gRPC says of all VMs, by UUID: the figures of both tiers in bytes, None for what is not known."""
        return {vm.name.removeprefix('vms/'): {'name': vm.display_name, 'tenant': vm.tenant,
                                               'tiers': [tier_figures(tier) for tier in vm.tiers]}
                for vm in self.list_vms()}


def tier_figures(tier) -> dict:
    known = {name: getattr(tier, f'{name}_bytes') for name in ('cell', 'reservation', 'charged', 'shortfall', 'limit')}
    return known | {name: getattr(tier, f'{name}_bytes') if tier.HasField(f'{name}_bytes') else None
                    for name in ('target', 'balloon', 'resident')}


def uuid_of(number: int) -> str:
    return str(uuid.UUID(int=number + 1, version=4))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def until(done, timeout: float, what: str, detail=lambda: '') -> None:
    deadline = time.monotonic() + timeout
    while not done():
        if time.monotonic() > deadline:
            sys.exit(f'error: not in {timeout} s: {what}\n{detail()}')
        time.sleep(0.05)


class Service:
    """The commands.

    {"do": "figures"}, {"do": "kill"}, {"do": "start"}, {"do": "resize", "vm": UUID, "fmem": BYTES, "smem": BYTES}.
    """

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet

    def figures(self) -> dict:
        return self.fleet.figures()

    def kill(self) -> None:
        self.fleet.kill()

    def start(self) -> None:
        self.fleet.start()

    def resize(self, vm: str, fmem: int, smem: int) -> None:
        self.fleet.resize(vm, fmem, smem)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--vms', type=int, default=0, metavar='N',
                        help='so many VMs of one kind (default: eight that differ)')
    options = parser.parse_args()
    with (tempfile.TemporaryDirectory(prefix='htpage-') as folder,
          Fleet(pathlib.Path(folder), many(options.vms) if options.vms else SMALL) as fleet):
        service = Service(fleet)
        print(json.dumps({'url': fleet.url, 'hostile': HOSTILE}), flush=True)
        for line in sys.stdin:
            command = json.loads(line)
            answer = getattr(service, command.pop('do'))(**command)
            print(json.dumps(answer), flush=True)


if __name__ == '__main__':
    main()
