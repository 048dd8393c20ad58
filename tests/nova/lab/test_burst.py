# SPDX-License-Identifier: Apache-2.0
"""What one tenant has beyond its reservation goes back when another's server comes that has reserved it."""

import time

from cloud import guest
from cloud import place
from cloud import server
from cloud import stack

MIB = server.MIB
# From when hypertierd is told of the second server until it has what it reserved; it takes that long to boot and to
# make use of it, too.
DEADLINE_S = 60


def test_burst_is_taken_back_for_the_other_tenants_reservation(cloud: stack.Stack, servers: server.Servers) -> None:
    borrower = servers.create('acme', 'borrower', 'gold', guest.BUSY)
    borrower.await_managed()
    place.until(lambda: borrower.fmem().resident_bytes > 300 * MIB, 120, 'it uses far more than it has reserved',
                lambda: f'{borrower.vm()}')

    owner = servers.create('globex', 'owner', 'wide', guest.BUSY)
    begun = time.monotonic()
    most = 0

    def has_what_it_reserved() -> bool:
        nonlocal most
        held = owner.fmem().resident_bytes
        most = max(most, held + borrower.fmem().resident_bytes)
        return owner.fmem().target_bytes == 320 * MIB and held > 280 * MIB
    place.until(has_what_it_reserved, DEADLINE_S, 'the owner has and uses what it reserved',
                lambda: f'{owner.vm()}\n{borrower.vm()}')
    print(f'after {time.monotonic() - begun:.1f} s the owner holds {owner.fmem().resident_bytes / MIB:.0f} MiB, '
          f'the borrower {borrower.fmem().resident_bytes / MIB:.0f}')
    assert 128 * MIB <= borrower.fmem().target_bytes <= (512 - 320) * MIB
    place.until(lambda: borrower.fmem().resident_bytes <= (512 - 320 + 16) * MIB, 30, 'the borrower keeps to it',
                lambda: f'{borrower.vm()}')
    # At no moment had both together more than there is; guests hold some pages beyond for as long as they move them.
    assert most <= (512 + 16) * MIB
    assert borrower.vm().agent.oom_deflates == owner.vm().agent.oom_deflates == 0

    # And back, when the owner has gone.
    owner.command('delete', '--wait')
    place.until(lambda: borrower.fmem().target_bytes > 320 * MIB, 60, 'it bursts again', lambda: f'{borrower.vm()}')
