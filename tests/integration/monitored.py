# SPDX-License-Identifier: Apache-2.0
"""A host as dashboards show it: VMs of two tenants at work, one of them resized, under a Prometheus."""

import collections.abc
import contextlib
import dataclasses

from integration.hypertierd import Hypertierd, TIERCTL, until
from integration.monitoring import Prometheus, RULES
from lab.lab import Lab
from lab.options import Options
from lab.sizes import MIB
from lab.vpebs import build
from lab.vpebs.guest import VpebsVm

HOST = 'rack1-host1'
# FMEM is oversold: both cells are 256 MiB.
CONFIG = '''\
[qos]
period_ms = 500
fmem_capacity = "448MiB"
smem_capacity = "1GiB"
fmem_reserve = "0"
'''


@dataclasses.dataclass(frozen=True)
class Guest:
    """A VM, what it has bought, and the program that it runs all the time."""
    name: str
    tenant: str
    fmem_reservation: str
    load: str


SHOP = Guest('shop-db', 'shop', '192MiB', '--pattern hot --hot-share 0.9 --bytes 200M')
BATCH = Guest('batch-sort', 'batch', '128MiB', '--pattern zipf --bytes 200M')


class Monitored:
    """The scene. Its parts are there for who wants more to happen."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.daemon = Hypertierd(lab.host(), lab.artefacts, CONFIG)
        self.prometheus = Prometheus(lab.artefacts)
        self.vms: dict[str, VpebsVm] = {}

    def start(self) -> None:
        """Returns when both VMs are at work and their targets are planned."""
        self.daemon.start()
        # From the beginning, so that it sees counters grow.
        self.prometheus.start({'hypertierd': {f'127.0.0.1:{self.daemon.metrics_port}': HOST}},
                              [path for path in RULES if path.exists()])
        for guest in (SHOP, BATCH):
            self.tierctl('tenant', 'create', guest.tenant, '--fmem-reservation', '128MiB', '--fmem-limit', '384MiB',
                         '--smem-reservation', '256MiB', '--smem-limit', '512MiB')
            self.vms[guest.name] = self._boot(guest)
        for guest, vm in zip((SHOP, BATCH), self.vms.values()):
            vm.start(f'exec gups {guest.load} --updates 1G --warmup-seconds 3600')
        # Who resizes by hand is not planned yet.
        self.daemon.resize_and_wait(SHOP.name, fmem=200 * MIB, timeout=120)
        for guest in (SHOP, BATCH):
            self.tierctl('policy', 'set', guest.name, '--mode', 'auto', '--fmem-reservation', guest.fmem_reservation,
                         '--fmem-limit', '240MiB', '--smem-reservation', '256MiB', '--smem-limit', '384MiB')

    def close(self) -> None:
        self.prometheus.stop()
        self.daemon.close()

    def tierctl(self, *arguments: str) -> None:
        done = self.daemon.tierctl(*arguments)
        assert done.returncode == 0, (arguments, done)

    def _boot(self, guest: Guest) -> VpebsVm:
        """Under the lab's PMU, so that the agent can sample accesses."""
        vm = VpebsVm(self.lab.host(), guest.name, Options(
            fmem='256MiB', smem='384MiB', agent=True, modules=('hyperplace',), tierctl=TIERCTL,
            shape=('--tenant', guest.tenant)), self.lab.artefacts)
        self.lab.vms.append(vm)
        vm.load_pmu()
        vm.put_program(build.workload('gups'))
        self.daemon.wait_managed(guest.name)
        # It has chosen its source when there was no PMU yet.
        vm.run('killall -KILL hypertier-agent', check=False)
        until(lambda: self.daemon.vm(guest.name).placement.source == 'pebs', 60, f'{guest.name} samples accesses',
              self.daemon.log_text)
        return vm


@contextlib.contextmanager
def monitored(lab: Lab) -> collections.abc.Iterator[Monitored]:
    scene = Monitored(lab)
    try:
        scene.start()
        yield scene
    finally:
        scene.close()
