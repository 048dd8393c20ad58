# SPDX-License-Identifier: Apache-2.0
"""One round: placement is told how the host stands, and hypertierd what placement has allocated."""

import logging
import typing as ty

from hypertier_nova.placement_agent import grants
from hypertier_nova.placement_agent import hypertierd
from hypertier_nova.placement_agent import names
from hypertier_nova.placement_agent import placement
from hypertier_nova.placement_agent import provider
from hypertier_nova.placement_agent import standing

LOG = logging.getLogger(__name__)

# Tries in a row against other writers. nova changes the generation with each server that comes or goes.
_TRIES = 5


class Rounds:
    """Not thread-safe."""

    def __init__(self, api: placement.Placement, daemon: hypertierd.Hypertierd, node: str) -> None:
        self._api = api
        self._daemon = daemon
        self._own = provider.OwnProvider(api, node)
        self._reader = grants.Reader(api.project_of)
        self._granted: ty.Optional[ty.Tuple[grants.Grant, ...]] = None

    def go(self, host: standing.Standing) -> None:
        """Raises PlacementError, NoNode, HypertierdError. Grants are set only when all of placement was read."""
        allocations = self._settled(lambda: self._keep(host))
        wanted = self._reader.read(allocations)
        if wanted != self._granted:
            LOG.info('%s: %d VMs hold %d MiB of fast and %d MiB of slow memory', self._own.name, len(wanted),
                     sum(one.fmem_mb for one in wanted), sum(one.smem_mb for one in wanted))
            self._granted = wanted
        # Also when nothing has changed: so one that has lost them has them again.
        self._daemon.set_grants(wanted)

    def withdraw(self, why: str) -> None:
        """Raises PlacementError."""
        self._settled(lambda: self._own.withdraw(why))

    def delete(self) -> bool:
        """Removes the provider; False: there was none. Raises PlacementError, which names the servers in the way."""
        uuid = self._own.find()
        if uuid is None:
            return False
        try:
            self._api.delete(uuid)
        except placement.Conflict as error:
            _, allocations = self._api.allocations(uuid)
            raise placement.PlacementError(
                f'{self._own.name} stays: {len(allocations)} consumers hold of it ({", ".join(sorted(allocations))}); '
                f'move or delete these servers, and end their migrations. {error}')
        return True

    def _keep(self, host: standing.Standing) -> grants.Allocations:
        uuid = self._own.find_or_make()
        generation, allocations = self._api.allocations(uuid)
        self._own.keep(generation, host)
        return {consumer: amounts for consumer, amounts in allocations.items() if set(amounts) & set(names.CLASSES)}

    def _settled(self, change: ty.Callable[[], ty.Any]) -> ty.Any:
        for left in reversed(range(_TRIES)):
            try:
                return change()
            except placement.PlacementError as error:
                # Whatever it is, what was known may be the reason.
                self._own.forget()
                if not left or not isinstance(error, (placement.Conflict, placement.NotFound)):
                    raise
                LOG.debug('%s: again, since somebody else changed it: %s', self._own.name, error)
