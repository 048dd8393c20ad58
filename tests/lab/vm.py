# SPDX-License-Identifier: Apache-2.0
"""A running lab guest."""

import dataclasses
import pathlib
import signal
import time
import uuid

import libvirt

from lab import channel
from lab import console
from lab import domain
from lab import errors
from lab import image
from lab import kernels
from lab import paths
from lab import private_libvirt
from lab import qmp
from lab import residency
from lab import sizes
from lab import tiers
from lab import virtio_mem
from lab.options import Options

# A guest is ready in 3 to 6 s on an idle machine.
BOOT_SECONDS = 120
MIGRATION_MIB_PER_SECOND = 4000
TIERS = {'fmem': 0, 'smem': 1}


@dataclasses.dataclass(frozen=True)
class Result:
    """What a guest command did."""
    status: int
    stdout: str
    stderr: str


class Vm:
    """One guest. Made by Lab.vm(); boots at once."""

    def __init__(self, host: private_libvirt.PrivateLibvirt, name: str, options: Options, folder: pathlib.Path) -> None:
        self.name = name
        self.uuid = str(uuid.uuid4())
        self.options = options
        self.host = host
        self.console = console.Console(folder / f'{name}.console')
        self.qmp_socket = host.folder / f'{name}.qmp'
        self._channel = channel.Channel()
        self._generation = 0
        self.xml = self._shape()
        started = time.monotonic()
        host.connection.createXML(self.xml)
        try:
            self.connect()
        except BaseException:
            self.destroy()
            raise
        self.boot_seconds = time.monotonic() - started

    def _shape(self) -> str:
        options = self.options
        kernel = kernels.get(options.kernel)
        agent = None
        if options.agent:
            agent = options.agent if isinstance(options.agent, pathlib.Path) else paths.agent_binary()
            if agent is None:
                raise errors.LabError('the guest agent has not been built; build target hypertier-agent')
        fmem, smem = sizes.parse(options.fmem), sizes.parse(options.smem)
        xml = domain.base_xml(domain.Base(
            name=self.name, uuid=self.uuid, memory_bytes=fmem + smem, kernel=kernel.vmlinuz,
            initrd=image.build(kernel, agent), cmdline=options.command_line(), console=self.console.path,
            vcpus=options.vcpus))
        if options.two_tier:
            wanted = tiers.Tiers(fmem, smem, options.balloon_at_boot('fmem'), options.balloon_at_boot('smem'))
            xml = (tiers.shape_by_product(xml, wanted, options.tierctl, *options.shape) if options.tierctl else
                   tiers.shape(xml, wanted))
        if not options.free_page_reporting:
            xml = tiers.without_free_page_reporting(xml)
        if options.virtio_mem:
            xml = virtio_mem.attach(xml, list(options.virtio_mem))
        return qmp.attach(xml, self.qmp_socket) if options.qmp else xml

    # --- commands in the guest

    def connect(self, timeout: float = BOOT_SECONDS, reboot: bool = False) -> None:
        """Connects to the command runner, wherever the guest now is."""
        try:
            path = domain.channel_socket(self.live_xml(), domain.LAB_PORT)
            if path is None:
                raise errors.LabError('the domain has no lab channel')
            self._channel.connect(str(self.host.outside(path)), timeout, reboot)
        except (errors.LabError, libvirt.libvirtError, OSError) as error:
            raise errors.LabError(f'{self.name}: {error}; end of its console:\n{self.console.tail()}') from error

    def start(self, script: str) -> channel.Command:
        """Starts a shell script in the background."""
        return self._channel.run(script)

    def run(self, script: str, timeout: float = 60, check: bool = True) -> Result:
        """Runs a shell script to its end; with check, a status other than 0 is an error."""
        command = self.start(script)
        result = Result(command.wait(timeout), command.stdout, command.stderr)
        if check and result.status != 0:
            raise errors.CommandFailed(
                f'{self.name}: status {result.status} from: {script}\n{result.stdout}{result.stderr}')
        return result

    def read(self, script: str, timeout: float = 60) -> str:
        """Standard output of a script, without white space at its ends."""
        return self.run(script, timeout).stdout.strip()

    def put(self, content: bytes, path: str, mode: int = 0o644) -> None:
        """Writes a file in the guest."""
        command = self.start(f'cat >"{path}" && chmod {mode:o} "{path}"')
        command.send(content)
        if command.wait() != 0:
            raise errors.CommandFailed(f'{self.name}: cannot write {path}: {command.stderr}')

    def get(self, path: str) -> bytes:
        """Reads a file of the guest."""
        command = self.start(f'cat "{path}"')
        if command.wait() != 0:
            raise errors.CommandFailed(f'{self.name}: cannot read {path}: {command.stderr}')
        return command.stdout_bytes

    def memhog(self, tier: str, size: int | str, *arguments: str, timeout: float = 120) -> channel.Command:
        """Starts a process that writes and verifies memory of one tier (guest/memhog.c), and waits until it has it all.

        memhog_end() ends it and checks that not one word was wrong.
        """
        words = ' '.join(arguments)
        command = self.start(f'exec memhog --node {TIERS[tier]} --bytes {sizes.parse(size)} {words}')
        command.wait_for('ready', timeout)
        return command

    def memhog_end(self, hog: channel.Command, timeout: float = 120) -> None:
        """Ends a memhog after its round; fails on any mismatch, or if it was killed."""
        if hog.running:
            hog.kill(signal.SIGTERM)
        status = hog.wait(timeout)
        if status != 0:
            raise AssertionError(f'{self.name}: memhog ended with status {status}:\n{hog.stdout}{hog.stderr}')

    # --- its memory

    def resident(self, tier: str) -> int:
        """Bytes of a tier that the host really backs; "device0" and so on for memory devices."""
        index = TIERS[tier] if tier in TIERS else len(TIERS) + int(tier.removeprefix('device'))
        return residency.resident(self.memory_file(index))

    def memory_file(self, index: int) -> pathlib.Path:
        """The file behind a cell (0, 1) or a memory device (2...)."""
        return residency.memory_files(self.pid())[index]

    def wait_resident(self, tier: str, at_most: int, timeout: float = 60) -> int:
        """Waits until the host backs no more than so many bytes of a tier."""
        deadline = time.monotonic() + timeout
        while (now := self.resident(tier)) > at_most:
            if time.monotonic() > deadline:
                found = f'{tier} resident {sizes.show(now)}, wanted at most {sizes.show(at_most)}'
                raise AssertionError(f'{self.name}: {found}, after {timeout} s')
            time.sleep(0.02)
        return now

    def hyperflex(self) -> dict[str, int | str]:
        """The snapshot of /dev/hyperflex."""
        snapshot: dict[str, int | str] = {}
        for line in self.read('cat /dev/hyperflex').splitlines():
            key, _, value = line.partition(' ')
            snapshot[key] = int(value) if value.isdigit() else value
        return snapshot

    def set_balloon(self, fmem: int | str | None = None, smem: int | str | None = None, wait: bool = True,
                    timeout: float = 60) -> dict[str, int | str]:
        """Sets balloon sizes, as the agent would; waits until they are reached or short; the snapshot then."""
        self._generation = max(self._generation, int(self.hyperflex()['generation'])) + 1
        words = [f'set generation={self._generation}']
        wanted = {tier: size for tier, size in (('fmem', fmem), ('smem', smem)) if size is not None}
        words += [f'{tier}={sizes.parse(size)}' for tier, size in wanted.items()]
        self.run(f"echo '{' '.join(words)}' >/dev/hyperflex")
        return self.settled(timeout) if wait else self.hyperflex()

    def settled(self, timeout: float = 60) -> dict[str, int | str]:
        """Waits until no balloon is under way; the snapshot then."""
        deadline = time.monotonic() + timeout
        while True:
            snapshot = self.hyperflex()
            states = {snapshot.get(f'{tier}.state') for tier in TIERS} - {None}
            if not states & {'inflating', 'deflating'}:
                return snapshot
            if time.monotonic() > deadline:
                raise AssertionError(f'{self.name}: balloons not settled after {timeout} s: {snapshot}')
            time.sleep(0.02)

    def request_virtio_mem(self, node: int, requested: int | str) -> None:
        """Asks the guest to plug so many bytes of the virtio-mem device of a node."""
        device = virtio_mem.resized(self.live_xml(), node, sizes.parse(requested))
        self.domain().updateDeviceFlags(device, libvirt.VIR_DOMAIN_AFFECT_LIVE)

    def wait_plugged(self, size: int | str, timeout: float = 120) -> None:
        """Waits until every virtio-mem device has so many bytes plugged."""
        deadline = time.monotonic() + timeout
        while (now := virtio_mem.plugged(self.live_xml())) != [sizes.parse(size)] * len(self.options.virtio_mem):
            if time.monotonic() > deadline:
                raise AssertionError(f'{self.name}: virtio-mem has {now} plugged, not {size} each, after {timeout} s')
            time.sleep(0.1)

    # --- its life

    def domain(self) -> libvirt.virDomain:
        return self.host.connection.lookupByUUIDString(self.uuid)

    def live_xml(self) -> str:
        return self.domain().XMLDesc()

    def pid(self) -> int:
        """Of its QEMU."""
        return int(self.host.outside(f'/run/libvirt/qemu/{self.name}.pid').read_text(encoding='utf-8'))

    def pause(self) -> None:
        self.domain().suspend()

    def resume(self) -> None:
        self.domain().resume()

    def save(self, path: pathlib.Path) -> None:
        """`virsh save`: the guest stops and its state is in the file."""
        self.domain().save(str(path))
        self._channel.disconnect()

    def restore(self, path: pathlib.Path) -> None:
        """`virsh restore`; commands that ran at save() go on."""
        self.host.connection.restore(str(path))
        self.connect()

    def reboot(self, hard: bool = False) -> None:
        """A reboot from inside; hard: a reset from outside."""
        if hard:
            self.domain().reset()
        else:
            self.start('reboot -f')
        self.connect(reboot=True)

    def migrate(self, to: private_libvirt.PrivateLibvirt, live: bool = True) -> None:
        """Migration to another libvirt on this machine; commands go on."""
        if live and not domain.accelerated() and self.options.vcpus > 1:
            # Seen with QEMU 7.2, one thread or several: the guest panics soon afterwards. A guest with one vCPU, or
            # one that is stopped meanwhile, never did.
            raise errors.LabError('emulated guests with several vCPUs do not survive live migration (QEMU loses '
                                  'writes); give it vcpus=1')
        socket = to.folder / 'lib' / f'{self.name}.mig'
        parameters = {libvirt.VIR_MIGRATE_PARAM_URI: f'unix://{socket}',
                      libvirt.VIR_MIGRATE_PARAM_BANDWIDTH: MIGRATION_MIB_PER_SECOND}
        flags = libvirt.VIR_MIGRATE_UNSAFE | (libvirt.VIR_MIGRATE_LIVE if live else 0)
        self.domain().migrate3(to.connection, parameters, flags)
        self.host = to
        self.connect()

    def destroy(self) -> None:
        """Pulls the plug; nothing if it has ended already."""
        try:
            self.domain().destroy()
        except libvirt.libvirtError as error:
            if error.get_error_code() not in (libvirt.VIR_ERR_NO_DOMAIN, libvirt.VIR_ERR_OPERATION_INVALID):
                raise
        self._channel.close(f'{self.name} was destroyed')
