# SPDX-License-Identifier: Apache-2.0
"""HyperTierWeigher: sends VMs with tiers where fast memory is least contended."""

import nova.conf
from nova import objects
from nova.scheduler import host_manager
from nova.scheduler import utils
from nova.scheduler import weights

from hypertier_nova import flavor
from hypertier_nova import pressure
from hypertier_nova import scheduling

CONF = nova.conf.CONF


class HyperTierWeigher(weights.BaseHostWeigher):
    """Weighs by pressure.ease; a host of which nothing fresh is known counts as one under full pressure."""

    # An absolute scale: hosts that fare nearly alike are told apart by other weighers.
    minval = 0.0
    maxval = 1.0

    def weight_multiplier(self, host_state: 'host_manager.HostState') -> float:
        return utils.get_weight_multiplier(host_state, 'hypertier_weight_multiplier', CONF.hypertier.weight_multiplier)

    def _weigh_object(self, host_state: 'host_manager.HostState', weight_properties: 'objects.RequestSpec') -> float:
        try:
            tiered = scheduling.tiered_flavor(weight_properties)
        except flavor.FlavorError:
            # Telling it is the filter's; where that is not enabled, the driver's.
            return 0.0
        if tiered is None:
            return 0.0
        figures, _ = scheduling.host_figures(host_state)
        return (pressure.ease(figures) if figures is not None else None) or 0.0
