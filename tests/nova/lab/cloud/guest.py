# SPDX-License-Identifier: Apache-2.0
"""The lab's guest as images in glance: kernel, initramfs, and disks that differ in what the guest does."""

import base64
import typing as ty

from lab import image
from lab import kernels
from lab import paths
from lab.vpebs import build

# Each guest tells its console now and then which boot this is, and what nodes it has.
_TELL = '''\
while :; do
  line="guest $(cat /proc/sys/kernel/random/boot_id)"
  for node in /sys/devices/system/node/node[0-9]*; do
    kib=$(sed -n 's/.*MemTotal: *\\([0-9]*\\) kB/\\1/p' $node/meminfo)
    line="$line ${node##*/} cpus=$(cat $node/cpulist) kib=$kib"
  done
  echo "$line end"
  sleep 4
done
'''
# Could make use of more fast memory than a guest has here.
_WORK = 'gups --pattern uniform --bytes 340M --updates 1G --warmup-seconds 600 >/dev/null 2>&1 &\n'
_WORDS = 'console=ttyS0 loglevel=5 panic=-1 ht.balloon=hyperflex ht.agent=on ht.modules=hyperplace'

IDLE = 'guest'
BUSY = 'busy-guest'


def upload(images: ty.Any) -> None:
    """images: openstacksdk's, of an administrator."""
    kernel = kernels.get('6.12')
    ramdisk = image.build(kernel, paths.agent_binary(), [build.workload('gups')])
    properties = {'kernel_id': _put(images, 'guest-kernel', 'aki', kernel.vmlinuz.read_bytes()),
                  'ramdisk_id': _put(images, 'guest-ramdisk', 'ari', ramdisk.read_bytes())}
    for name, script in ((IDLE, _TELL), (BUSY, _WORK + _TELL)):
        words = f'{_WORDS} ht.run={base64.b64encode(script.encode()).decode()}'
        _put(images, name, 'raw', bytes(1 << 20), os_command_line=words, **properties)


def _put(images: ty.Any, name: str, kind: str, content: bytes, **properties: str) -> str:
    form = {'name': name, 'disk_format': kind, 'container_format': kind if kind != 'raw' else 'bare',
            'visibility': 'public', **properties}
    made = images.post('/images', json=form)
    if made.status_code != 201:
        raise RuntimeError(f'glance: {made.status_code}: {made.text}')
    uuid = made.json()['id']
    put = images.put(f'/images/{uuid}/file', data=content, headers={'Content-Type': 'application/octet-stream'})
    if put.status_code != 204:
        raise RuntimeError(f'glance: {put.status_code}: {put.text}')
    return uuid
