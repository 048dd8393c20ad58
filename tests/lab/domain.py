# SPDX-License-Identifier: Apache-2.0
"""A lab guest's domain XML before it has tiers: what any guest has, and a console and a channel for the lab."""

import dataclasses
import functools
import pathlib
import re
import xml.etree.ElementTree as ET

LAB_PORT = 'org.hypertier.lab.0'


@dataclasses.dataclass(frozen=True)
class Base:
    """What base_xml() puts in."""
    name: str
    uuid: str
    memory_bytes: int
    kernel: pathlib.Path
    initrd: pathlib.Path
    cmdline: str
    console: pathlib.Path
    vcpus: int = 2
    machine: str = 'q35'


@functools.cache
def accelerated() -> bool:
    """Whether KVM can be used. With /dev/kvm alone, without vmx or svm, a stock guest kernel may not come up."""
    cpuinfo = pathlib.Path('/proc/cpuinfo').read_text(encoding='utf-8')
    vmx_or_svm = re.search(r'^flags\s*:.*\b(vmx|svm)\b', cpuinfo, re.MULTILINE)
    return vmx_or_svm is not None and pathlib.Path('/dev/kvm').exists()


def base_xml(base: Base) -> str:
    root = ET.fromstring('''
<domain>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>destroy</on_crash>
  <features><acpi/><apic/></features>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <controller type='usb' model='none'/>
    <memballoon model='virtio'/>
  </devices>
</domain>''')
    root.set('type', 'kvm' if accelerated() else 'qemu')
    add(root, 'name', base.name)
    add(root, 'uuid', base.uuid)
    add(root, 'memory', str(base.memory_bytes), unit='bytes')
    add(root, 'vcpu', str(base.vcpus))
    add(root, 'cpu', mode='host-passthrough' if accelerated() else 'maximum')
    system = add(root, 'os')
    add(system, 'type', 'hvm', arch='x86_64', machine=base.machine)
    add(system, 'kernel', str(base.kernel))
    add(system, 'initrd', str(base.initrd))
    add(system, 'cmdline', base.cmdline)
    devices = root.find('devices')
    assert devices is not None
    serial = add(devices, 'serial', type='file')
    add(serial, 'source', path=str(base.console), append='on')
    channel = add(devices, 'channel', type='unix')
    add(channel, 'target', type='virtio', name=LAB_PORT)
    return ET.tostring(root, encoding='unicode')


def add(parent: ET.Element, tag: str, text: str | None = None, **attributes: str) -> ET.Element:
    child = ET.SubElement(parent, tag, attributes)
    child.text = text
    return child


def channel_socket(xml: str, port: str) -> str | None:
    """Path, inside libvirt's namespace, of the socket of a channel of a running domain."""
    for channel in ET.fromstring(xml).iter('channel'):
        target, source = channel.find('target'), channel.find('source')
        if target is not None and source is not None and target.get('name') == port:
            return source.get('path')
    return None
