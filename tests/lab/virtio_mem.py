# SPDX-License-Identifier: Apache-2.0
"""A virtio-mem device: the other way to give memory to a guest node and to take it back."""

import dataclasses
import xml.etree.ElementTree as ET

from lab import errors
from lab.domain import add


@dataclasses.dataclass(frozen=True)
class VirtioMem:
    """Up to `size` bytes on a guest node, of which the guest is asked to plug `requested`."""
    node: int
    size: int
    requested: int = 0
    block: int = 2 << 20


def attach(xml: str, devices: list[VirtioMem]) -> str:
    """The domain with these devices, in this order."""
    root = ET.fromstring(xml)
    memory = root.find('memory')
    parent = root.find('devices')
    if memory is None or parent is None:
        raise errors.LabError('the domain has no <memory> or no <devices>')
    # libvirt counts a virtio-mem device's size in <memory>, and wants room for one more slot than there are devices.
    total = int(memory.text or 0) + sum(device.size for device in devices)
    memory.text = str(total)
    add(root, 'maxMemory', str(total + (1 << 30)), unit='bytes', slots=str(len(devices) + 1))
    for device in devices:
        parent.append(_element(device))
    return ET.tostring(root, encoding='unicode')


def resized(live_xml: str, node: int, requested: int) -> str:
    """The device of a running domain on this node with another requested size, for virDomainUpdateDeviceFlags."""
    for element in ET.fromstring(live_xml).iter('memory'):
        target = element.find('target')
        if element.get('model') == 'virtio-mem' and target is not None and target.findtext('node') == str(node):
            wanted = target.find('requested')
            assert wanted is not None
            wanted.text = str(requested)
            wanted.set('unit', 'b')
            return ET.tostring(element, encoding='unicode')
    raise errors.LabError(f'the domain has no virtio-mem device on node {node}')


def plugged(live_xml: str) -> list[int]:
    """Bytes that the guest has plugged of each device."""
    return [int(element.findtext('target/current') or 0) << 10 for element in ET.fromstring(live_xml).iter('memory')
            if element.get('model') == 'virtio-mem']


def _element(device: VirtioMem) -> ET.Element:
    element = ET.Element('memory', model='virtio-mem')
    target = add(element, 'target')
    add(target, 'size', str(device.size), unit='b')
    add(target, 'node', str(device.node))
    add(target, 'block', str(device.block), unit='b')
    add(target, 'requested', str(device.requested), unit='b')
    return element
