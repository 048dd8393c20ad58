# SPDX-License-Identifier: Apache-2.0
"""Keeps a VM's memory backing when nova sends its domain XML to another host.

nova takes <source>, <access> and <allocation> out of <memoryBacking>, since it knows them only from the host's
file_backed_memory. A two-tier VM would get memory of another kind there than the one that it was made with.
"""

import typing as ty

from lxml import etree

# HyperTier's element in a domain's metadata, which tierctl writes (docs/qos.md).
_TIERED = 'metadata/{urn:hypertier:vm:1}vm'


def keep_backing(running: str, destination: str) -> str:
    """The destination's XML with <memoryBacking> as it is in the running domain's; unchanged for a VM without tiers."""
    before = etree.fromstring(running.encode())
    backing = before.find('memoryBacking')
    if before.find(_TIERED) is None or backing is None:
        return destination
    domain = etree.fromstring(destination.encode())
    stripped = domain.find('memoryBacking')
    if stripped is None:
        domain.append(backing)
    else:
        domain.replace(stripped, backing)
    return etree.tostring(domain, encoding='unicode')


class MigratingGuest:
    """nova's Guest, for as long as a live migration lasts."""

    def __init__(self, guest: ty.Any) -> None:
        self._guest = guest

    def __getattr__(self, name: str) -> ty.Any:
        return getattr(self._guest, name)

    def migrate(self, *args: ty.Any, destination_xml: ty.Optional[str] = None, **kwargs: ty.Any) -> ty.Any:
        if destination_xml is not None:
            destination_xml = keep_backing(self._guest.get_xml_desc(dump_migratable=True), destination_xml)
        return self._guest.migrate(*args, destination_xml=destination_xml, **kwargs)
