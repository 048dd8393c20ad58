# SPDX-License-Identifier: Apache-2.0
"""The lab's guest as images in glance: kernel, initramfs, and disks that differ in what the guest does."""

import pathlib
import typing as ty

from lab import image
from lab import kernels
from lab import paths
from lab.vpebs import build

_SCRIPTS = pathlib.Path(__file__).resolve().parent.parent / 'guest'
# At most 255 characters: nova keeps so much of it, and a hard reboot takes what nova has kept.
_WORDS = 'console=ttyS0 loglevel=5 panic=-1 ht.balloon=hyperflex ht.agent=on ht.modules=hyperplace ht.run='

IDLE = 'guest'
BUSY = 'busy-guest'


def upload(images: ty.Any) -> None:
    """images: openstacksdk's, of an administrator."""
    kernel = kernels.get('6.12')
    ramdisk = image.build(kernel, paths.agent_binary(), [build.workload('gups'), *_SCRIPTS.iterdir()])
    properties = {'kernel_id': _put(images, 'guest-kernel', 'aki', kernel.vmlinuz.read_bytes()),
                  'ramdisk_id': _put(images, 'guest-ramdisk', 'ari', ramdisk.read_bytes())}
    for name, programs in ((IDLE, 'tell'), (BUSY, 'tell,work')):
        _put(images, name, 'raw', bytes(1 << 20), os_command_line=_WORDS + programs, **properties)


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
