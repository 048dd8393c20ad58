# SPDX-License-Identifier: Apache-2.0
"""The two tiers of a domain: added by the lab itself, or by the product's `tierctl domain-xml`.

The lab's own way lets the guest half be tested with nothing of the host half.
"""

import dataclasses
import pathlib
import subprocess
import xml.etree.ElementTree as ET

from lab import errors
from lab.domain import add

AGENT_PORT = 'org.hypertier.agent.0'
# What the guest is told (HMAT), in ns and KiB/s: DRAM, and CXL as measured by Sun et al., MICRO'23. Linux 6.12 needs
# the bandwidths too before it puts the nodes in two memory tiers.
LATENCY = {'fmem': 100, 'smem': 250}
BANDWIDTH = {'fmem': 100 << 20, 'smem': 20 << 20}


@dataclasses.dataclass(frozen=True)
class Tiers:
    """Bytes of the cells, and of the balloons at boot (None: no boot string, so none)."""
    fmem: int
    smem: int
    fmem_balloon: int | None = None
    smem_balloon: int | None = None


def shape(xml: str, tiers: Tiers) -> str:
    """The domain with two cells: 0 with all vCPUs and the FMEM, 1 with the SMEM."""
    root = ET.fromstring(xml)
    root.remove(_one(root, 'memory'))
    add(root, 'memory', str(tiers.fmem + tiers.smem), unit='bytes')
    backing = add(root, 'memoryBacking')
    add(backing, 'source', type='memfd')
    add(backing, 'access', mode='shared')
    numa = add(_one(root, 'cpu'), 'numa')
    last = int(_one(root, 'vcpu').text or 1) - 1
    add(numa, 'cell', id='0', cpus=f'0-{last}', memory=str(tiers.fmem), unit='b')
    add(numa, 'cell', id='1', memory=str(tiers.smem), unit='b')
    interconnects = add(numa, 'interconnects')
    for cell, latency in enumerate(LATENCY.values()):
        add(interconnects, 'latency', initiator='0', target=str(cell), type='access', value=str(latency))
    for cell, bandwidth in enumerate(BANDWIDTH.values()):
        add(interconnects, 'bandwidth', initiator='0', target=str(cell), type='access', value=str(bandwidth),
            unit='KiB')
    devices = _one(root, 'devices')
    devices.remove(_one(devices, 'memballoon'))
    add(devices, 'memballoon', model='virtio', autodeflate='on', freePageReporting='on')
    channel = add(devices, 'channel', type='unix')
    add(channel, 'target', type='virtio', name=AGENT_PORT)
    if tiers.fmem_balloon is not None or tiers.smem_balloon is not None:
        balloons = f'fmem-balloon={tiers.fmem_balloon or 0} smem-balloon={tiers.smem_balloon or 0}'
        set_boot_string(root, f'hypertier:v1 fmem-node=0 smem-node=1 {balloons}')
    return ET.tostring(root, encoding='unicode')


def shape_by_product(xml: str, tiers: Tiers, tierctl: pathlib.Path, *options: str) -> str:
    """The same by `tierctl domain-xml`, which takes targets instead of balloons."""
    command = [tierctl, 'domain-xml', '--fmem-cell', str(tiers.fmem), '--smem-cell', str(tiers.smem)]
    if tiers.fmem_balloon is not None:
        command += ['--fmem-target', str(tiers.fmem - tiers.fmem_balloon)]
    if tiers.smem_balloon is not None:
        command += ['--smem-target', str(tiers.smem - tiers.smem_balloon)]
    done = subprocess.run([*command, *options, '-'], input=xml, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise errors.LabError(f'tierctl domain-xml failed with status {done.returncode}: {done.stderr}')
    return done.stdout


def set_boot_string(root: ET.Element, text: str) -> None:
    """Replaces the domain's SMBIOS OEM string."""
    system = _one(root, 'os')
    if system.find('smbios') is None:
        add(system, 'smbios', mode='sysinfo')
    for old in root.findall('sysinfo'):
        root.remove(old)
    strings = add(add(root, 'sysinfo', type='smbios'), 'oemStrings')
    add(strings, 'entry', text)


def without_free_page_reporting(xml: str) -> str:
    """A host too old, or not configured, for free page reporting."""
    root = ET.fromstring(xml)
    balloon = _one(_one(root, 'devices'), 'memballoon')
    balloon.attrib.pop('freePageReporting', None)
    return ET.tostring(root, encoding='unicode')


def _one(parent: ET.Element, tag: str) -> ET.Element:
    found = parent.find(tag)
    if found is None:
        raise errors.LabError(f'the domain has no <{tag}> in <{parent.tag}>')
    return found
