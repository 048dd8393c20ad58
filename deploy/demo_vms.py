# SPDX-License-Identifier: Apache-2.0
"""The demo behind deploy/demo, once everything is installed and built."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import types
import urllib.request
import uuid

REPO = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPO / 'tests'))

import libvirt  # noqa: E402

from lab import channel, domain, image, kernels  # noqa: E402

STATE = pathlib.Path('/run/hypertier-demo')
# Where QEMU may read files also when a distribution's libvirt confines it.
IMAGES = pathlib.Path('/var/lib/libvirt/images/hypertier-demo')
BUILD = REPO / 'build' / 'release'
TIERCTL = BUILD / 'host-service' / 'tierctl' / 'tierctl'
HYPERTIERD = BUILD / 'host-service' / 'daemon' / 'hypertierd'
AGENT = BUILD / 'guest-agent' / 'hypertier-agent'
ENDPOINT = f'unix:{STATE}/hypertierd.sock'
METRICS = '127.0.0.1:9841'
STATUS = '127.0.0.1:9842'
CONFIG = f'''\
[listen]
grpc = "{ENDPOINT}"
metrics = "{METRICS}"
status = "{STATUS}"
[state]
ledger = "{STATE}/ledger.sqlite"
[agent]
report_interval_ms = 300
[residency]
period_ms = 300
[qos]
period_ms = 500
# As much as the VMs have at boot: who is to get more needs somebody who gives.
fmem_capacity = "576MiB"
fmem_reserve = "0"
smem_capacity = "704MiB"
smem_reserve = "0"
'''

# What a libvirtd that we start needs on a machine without systemd.
QEMU_CONF = '''\
user = "root"
group = "root"
security_driver = "none"
remember_owner = 0
namespaces = []
cgroup_controllers = []
'''

# Name, tenant, tier targets at boot. Every cell is 256 MiB of FMEM and 256 MiB of SMEM: the most the tier can ever be.
CELL = '256MiB'
VMS = (('demo-web', 'acme', '256MiB', '192MiB'), ('demo-db', 'acme', '192MiB', '256MiB'),
       ('demo-batch', 'globex', '128MiB', '256MiB'))
# What it shows, and the resize; the VM's program ends before it and takes what it can get after it.
STEPS = (
    ('acme gives up fast memory: demo-web shrinks to 160 MiB of FMEM', ('demo-web', '--fmem', '160MiB')),
    ('globex buys it: demo-batch grows by 96 MiB of FMEM', ('demo-batch', '--fmem', '+96MiB')),
    ('both tiers at once: demo-db shrinks to 160 MiB of FMEM and 128 MiB of SMEM',
     ('demo-db', '--fmem', '160MiB', '--smem', '128MiB')),
)
# Holds nearly all memory that the tiers have free, until END.
LOAD = '''
for node in 0 1; do
    free=$(awk '/MemFree/ {print $4}' /sys/devices/system/node/node$node/meminfo)
    [ "$free" -gt 40000 ] || continue
    memhog --node $node --bytes $(( (free - 30000) / 4 * 4096 )) --rounds 0 >/dev/null 2>&1 &
done
'''
END = 'killall memhog; while pidof memhog >/dev/null; do sleep 0.1; done'


def say(text: str) -> None:
    print(f'\n\033[1m==> {text}\033[0m', flush=True)


def spawn(name: str, command: list) -> None:
    """Starts a daemon that outlives us, and remembers it for stop()."""
    with open(STATE / f'{name}.log', 'ab') as out:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True)
    with open(STATE / 'pids', 'a', encoding='utf-8') as pids:
        pids.write(f'{process.pid} {name}\n')


def connect() -> libvirt.virConnect | None:
    libvirt.registerErrorHandler(lambda _context, _error: None, None)
    try:
        return libvirt.open('qemu:///system')
    except libvirt.libvirtError:
        return None


def start_libvirt() -> libvirt.virConnect:
    """The machine's libvirtd, started by us if none runs."""
    connection = connect()
    if connection is not None:
        print('Using the libvirtd that runs here.')
        return connection
    print('No libvirtd runs here; starting one for the demo.')
    etc = STATE / 'etc-libvirt'
    shutil.copytree('/etc/libvirt', etc)
    with open(etc / 'qemu.conf', 'a', encoding='utf-8') as conf:
        conf.write(QEMU_CONF)
    for daemon in ('virtlogd', 'libvirtd'):
        script = f'mount --bind {etc} /etc/libvirt && exec {daemon}'
        spawn(daemon, ['unshare', '--mount', '--propagation', 'private', '--', 'sh', '-c', script])
    deadline = time.monotonic() + 30
    while (connection := connect()) is None:
        if time.monotonic() > deadline:
            sys.exit(f'error: libvirtd does not come up; see {STATE}/libvirtd.log')
        time.sleep(0.2)
    return connection


def tierctl(*arguments: str, **options) -> subprocess.CompletedProcess:
    return subprocess.run([TIERCTL, '--endpoint', ENDPOINT, *arguments], text=True, check=False, **options)


def domain_xml(name: str, tenant: str, fmem: str, smem: str) -> str:
    """An ordinary domain, made two-tier by tierctl domain-xml."""
    plain = domain.base_xml(domain.Base(
        name=name, uuid=str(uuid.uuid4()), memory_bytes=512 << 20, kernel=IMAGES / 'vmlinuz', initrd=IMAGES / 'initrd',
        cmdline='console=ttyS0 quiet panic=-1 ht.balloon=hyperflex ht.agent=on',
        console=pathlib.Path(f'/var/log/libvirt/qemu/{name}.console'), vcpus=1))
    shaped = tierctl('domain-xml', '--fmem-cell', CELL, '--smem-cell', CELL, '--fmem-target', fmem,
                     '--smem-target', smem, '--tenant', tenant, '-', input=plain, capture_output=True)
    if shaped.returncode != 0:
        sys.exit(f'error: {shaped.stderr}')
    return shaped.stdout


def wait_until_managed() -> None:
    """Shows the table until every VM is managed."""
    drawn = 0
    deadline = time.monotonic() + 180
    while True:
        table = tierctl('list', capture_output=True).stdout
        lines = [line for line in table.splitlines() if line]
        done = len(lines) >= 1 + 2 * len(VMS) and not any(word in table for word in ('waiting', 'unmanaged'))
        if sys.stdout.isatty():
            print(f'\033[{drawn}A\033[J' if drawn else '', end='')
            drawn = table.count('\n')
        if done or sys.stdout.isatty():
            print(table, end='', flush=True)
        if done:
            return
        if time.monotonic() > deadline:
            sys.exit(f'error: the VMs are not managed after 180 s:\n{table}\nSee {STATE}/hypertierd.log')
        time.sleep(0.5)


def in_guest(connection: libvirt.virConnect, name: str, script: str) -> None:
    path = domain.channel_socket(connection.lookupByName(name).XMLDesc(), domain.LAB_PORT)
    assert path
    runner = channel.Channel()
    runner.connect(path)
    if runner.run(script).wait(timeout=120) != 0:
        sys.exit(f'error: the program in {name} failed')
    runner.disconnect()


def use_memory(connection: libvirt.virConnect, name: str) -> None:
    """Lets a program in the guest take all the memory it can get, and waits until it has it, a minute at most."""
    in_guest(connection, name, LOAD)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        vm = json.loads(tierctl('get', name, '-o', 'json', capture_output=True).stdout or '{}')
        tiers = vm.get('tiers', [])
        short = [tier for tier in tiers if int(tier.get('resident_bytes', 0)) < int(tier['target_bytes']) - (64 << 20)]
        if tiers and not short:
            break
        time.sleep(0.2)


def run() -> None:
    STATE.mkdir(mode=0o755)
    how = 'KVM' if domain.accelerated() else 'software emulation (no usable KVM on this machine)'
    say(f'Starting hypertierd; VMs run under {how}')
    connection = start_libvirt()
    (STATE / 'hypertierd.toml').write_text(CONFIG, encoding='utf-8')
    spawn('hypertierd', [HYPERTIERD, '--config', STATE / 'hypertierd.toml'])

    say('Booting three two-tier VMs of two tenants')
    kernel = kernels.get('6.1')
    IMAGES.mkdir(parents=True, exist_ok=True)
    shutil.copy(kernel.vmlinuz, IMAGES / 'vmlinuz')
    shutil.copy(image.build(kernel, AGENT), IMAGES / 'initrd')
    for vm in VMS:
        connection.createXML(domain_xml(*vm))
    wait_until_managed()

    say('A program in each VM now uses all the memory it can get; RESIDENT is what the host really backs')
    for name, *_ in VMS:
        use_memory(connection, name)
    tierctl('list')

    for title, arguments in STEPS:
        say(title)
        in_guest(connection, arguments[0], END)
        print(f'$ tierctl resize {" ".join(arguments)}', flush=True)
        if tierctl('resize', *arguments).returncode != 0:
            sys.exit('error: the resize did not succeed')
        use_memory(connection, arguments[0])
        tierctl('list')

    say('globex reserves fast memory for demo-batch and leaves its targets to hypertierd, which lends it what is idle')
    promise = ('policy', 'set', 'demo-batch', '--mode', 'auto', '--fmem-reservation', '192MiB')
    print(f'$ tierctl {" ".join(promise)}', flush=True)
    if tierctl(*promise, stdout=subprocess.DEVNULL).returncode != 0:
        sys.exit('error: the policy was not taken')
    time.sleep(3)
    for command in (('explain', 'demo-batch'), ('host',)):
        print(f'$ tierctl {" ".join(command)}', flush=True)
        tierctl(*command)

    say(f'Metrics are at http://{METRICS}/metrics, for example')
    with urllib.request.urlopen(f'http://{METRICS}/metrics', timeout=10) as answer:
        scraped = answer.read().decode()
    print('\n'.join(line for line in scraped.splitlines() if line.startswith('hypertier_vm_tier_resident_bytes')))
    say(f'The same for people is at http://{STATUS}/')


def stop() -> None:
    """Ends the demo's VMs and daemons and removes its files; nothing if there are none."""
    if not STATE.exists():
        return
    connection = connect()
    for name, *_ in VMS if connection else ():
        try:
            connection.lookupByName(name).destroy()
        except libvirt.libvirtError:
            pass  # It is gone already.
    if connection is not None:
        connection.close()
    pids = STATE / 'pids'
    for line in reversed(pids.read_text(encoding='utf-8').splitlines() if pids.exists() else []):
        pid, name = line.split()
        end(int(pid), name)
    shutil.rmtree(STATE, ignore_errors=True)
    shutil.rmtree(IMAGES, ignore_errors=True)


def end(pid: int, name: str) -> None:
    """Ends a daemon of ours; leaves a stranger alone that has got its pid since."""
    def runs() -> bool:
        try:
            os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            pass  # An earlier demo's, not our child.
        try:
            return name in pathlib.Path(f'/proc/{pid}/cmdline').read_text(encoding='utf-8')
        except (FileNotFoundError, ProcessLookupError):
            return False

    for how in (signal.SIGTERM, signal.SIGKILL):
        if runs():
            os.kill(pid, how)
        deadline = time.monotonic() + 5
        while runs() and time.monotonic() < deadline:
            time.sleep(0.1)


def interrupted(_signal: int, _frame: types.FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> int:
    wish = sys.argv[1] if len(sys.argv) > 1 else ''
    stop()
    if wish == '--stop':
        print('Stopped.')
        return 0
    signal.signal(signal.SIGTERM, interrupted)
    keep = False
    try:
        run()
        keep = wish == '--keep'
        return 0
    except KeyboardInterrupt:
        print('\nInterrupted.')
        return 130
    finally:
        if keep:
            say('Left running')
            print(f'Look around:  export HYPERTIER_ENDPOINT={ENDPOINT} PATH=$PATH:{TIERCTL.parent}; tierctl top\n'
                  f'Logs:         {STATE}/*.log\nStop it with: deploy/demo --stop')
        else:
            say('Cleaning up')
            stop()


if __name__ == '__main__':
    sys.exit(main())
