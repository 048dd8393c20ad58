# SPDX-License-Identifier: Apache-2.0
"""The child provider of the compute node: the one thing in placement that the agent owns."""

import logging
import typing as ty

from hypertier_nova.placement_agent import names
from hypertier_nova.placement_agent import placement
from hypertier_nova.placement_agent import standing
from hypertier_nova.placement_agent import wanted

LOG = logging.getLogger(__name__)


class NoNode(Exception):
    """nova-compute has not made its provider yet."""


class OwnProvider:
    """Not thread-safe. Remembers the generation at which all was as wanted, so that nothing is read while it stays."""

    def __init__(self, api: placement.Placement, node: str) -> None:
        self._api = api
        self._node = node
        self.name = names.provider(node)
        self._uuid: ty.Optional[str] = None
        self._kept: ty.Optional[ty.Tuple[int, standing.Standing]] = None

    def forget(self) -> None:
        """Everything is read anew."""
        self._uuid = self._kept = None

    def find(self) -> ty.Optional[str]:
        found = self._api.find(self.name)
        return found.uuid if found is not None else None

    def find_or_make(self) -> str:
        """Its UUID. Raises NoNode, PlacementError."""
        if self._uuid is not None:
            return self._uuid
        node = self._api.find(self._node)
        if node is None:
            raise NoNode(f'placement has no provider {self._node}: nova-compute makes it when it first runs. If '
                         '`openstack hypervisor list` calls this host otherwise, set [hypertier_placement] node_name')
        for name in names.CLASSES:
            self._api.make_class(name)
        self._api.make_trait(names.TRAIT)
        own = self._api.find(self.name)
        if own is None:
            own = self._api.make(self.name, node.uuid)
            LOG.info('%s: made as %s, below %s', self.name, own.uuid, node.uuid)
        elif own.parent != node.uuid:
            raise placement.PlacementError(
                f'provider {self.name} ({own.uuid}) is not below {self._node} ({node.uuid}), so no server could have '
                f'of it; do `openstack --os-placement-api-version 1.37 resource provider set --name {self.name} '
                f'--parent-provider {node.uuid} {own.uuid}`')
        self._uuid = own.uuid
        return own.uuid

    def keep(self, generation: int, host: standing.Standing) -> None:
        """Has it as the host stands. generation: as just read.

        Raises PlacementError, Conflict when somebody has changed the provider meanwhile.
        """
        if self._kept == (generation, host):
            return
        uuid = self.find_or_make()
        # Before the inventories, as nothing may stand in the way of taking the trait off.
        generation = self._keep_traits(uuid, host)
        _, current = self._api.inventories(uuid)
        to = wanted.inventories(current, host)
        if to != current:
            generation = self._api.set_inventories(uuid, generation, to)
            LOG.info('%s: %s', self.name, ', '.join(
                f"{name} total {to[name]['total'] - to[name]['reserved']}" for name in names.CLASSES))
        self._kept = (generation, host)

    def withdraw(self, why: str) -> None:
        """Takes the trait off, where there is a provider. Raises PlacementError."""
        uuid = self.find()
        if uuid is not None:
            self._keep_traits(uuid, standing.Standing(None, why))

    def _keep_traits(self, uuid: str, host: standing.Standing) -> int:
        generation, current = self._api.traits(uuid)
        to = wanted.traits(current, host)
        if to != current:
            generation = self._api.set_traits(uuid, generation, to)
            if host.unfit:
                LOG.warning('%s: no new VMs with tiers: %s', self.name, host.unfit)
            else:
                LOG.info('%s: VMs with tiers are welcome', self.name)
        return generation
