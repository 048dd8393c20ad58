# SPDX-License-Identifier: Apache-2.0
from hypertier_nova import live_migration

SAID = '<metadata><h:vm xmlns:h="urn:hypertier:vm:1" tenant="acme"/></metadata>'
BACKING = '<memoryBacking><source type="memfd"/><access mode="shared"/></memoryBacking>'


def test_the_backing_is_kept_with_or_without_a_place_for_it() -> None:
    running = f'<domain>{SAID}{BACKING}<vcpu>2</vcpu></domain>'
    assert live_migration.keep_backing(running, f'<domain>{SAID}<memoryBacking/><vcpu>2</vcpu></domain>') == running
    assert BACKING in live_migration.keep_backing(running, f'<domain>{SAID}</domain>')


def test_others_are_left_as_they_are() -> None:
    sent = '<domain><memoryBacking />\n</domain>'
    assert live_migration.keep_backing(f'<domain>{BACKING}</domain>', sent) == sent
    assert live_migration.keep_backing(f'<domain>{SAID}</domain>', sent) == sent
