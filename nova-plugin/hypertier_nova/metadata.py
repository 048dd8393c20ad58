# SPDX-License-Identifier: Apache-2.0
"""HyperTier's element in a domain's metadata: how hypertierd learns what a VM is promised (docs/qos.md)."""

from lxml import etree

from hypertier_nova import flavor

NAMESPACE = 'urn:hypertier:vm:1'


def _tag(name: str) -> str:
    return f'{{{NAMESPACE}}}{name}'


def _tier(name: str, tier: flavor.Tier) -> etree._Element:
    # The limit is always said: else that of the class might cut into the claim.
    element = etree.Element(_tag(name), reservation=f'{tier.claim_mb}MiB', limit=f'{tier.max_mb}MiB')
    if tier.shares is not None:
        element.set('shares', tier.shares)
    return element


def element(tiered: flavor.TieredFlavor, project_id: str) -> etree._Element:
    vm = etree.Element(_tag('vm'), nsmap={'hypertier': NAMESPACE}, tenant=project_id)
    if tiered.policy is not None:
        vm.set('mode', tiered.policy)
    if tiered.qos_class is not None:
        vm.set('class', tiered.qos_class)
    if tiered.migrate_mbps is not None:
        vm.set('move-rate', f'{tiered.migrate_mbps}MiB')
    vm.extend(_tier(name, tiered.tier(name)) for name in flavor.TIERS)
    return vm


def is_tiered(domain: etree._Element) -> bool:
    return domain.find(f'metadata/{_tag("vm")}') is not None


def add(xml: str, tiered: flavor.TieredFlavor, project_id: str) -> str:
    domain = etree.fromstring(xml.encode())
    metadata = domain.find('metadata')
    if metadata is None:
        metadata = etree.Element('metadata')
        domain.insert(1, metadata)
    for old in metadata.findall(_tag('vm')):
        metadata.remove(old)
    metadata.append(element(tiered, project_id))
    return etree.tostring(domain, encoding='unicode', pretty_print=True)
