# SPDX-License-Identifier: Apache-2.0
"""HyperTierFilter: keeps VMs with tiers off hosts that cannot carry them now."""

from oslo_log import log as logging

import nova.conf
from nova import exception
from nova import objects
from nova.scheduler import filters
from nova.scheduler import host_manager

from hypertier_nova import admission
from hypertier_nova import flavor
from hypertier_nova import scheduling

CONF = nova.conf.CONF
LOG = logging.getLogger(__name__)


class HyperTierFilter(filters.BaseHostFilter):
    """Refuses hosts that are in maintenance, degraded, not heard of, or full by hypertierd's own reckoning.

    VMs without tiers pass, and nothing is asked for them. A VM is rebuilt where it is, however that host fares.
    """

    RUN_ON_REBUILD = False

    def host_passes(self, host_state: 'host_manager.HostState', spec_obj: 'objects.RequestSpec') -> bool:
        try:
            tiered = scheduling.tiered_flavor(spec_obj)
        except flavor.FlavorError as error:
            # It is the same on every host, and this way the server's fault says why.
            raise exception.NoValidHost(reason=str(error))
        if tiered is None:
            return True
        why = self._refusal(host_state, spec_obj, tiered)
        if why:
            LOG.debug('%(host)s refused: %(why)s', {'host': host_state, 'why': why})
        return not why

    def _refusal(self, host_state: 'host_manager.HostState', spec_obj: 'objects.RequestSpec',
                 tiered: flavor.TieredFlavor) -> str:
        if spec_obj.numa_topology is not None:
            return "flavor and image together give the guest a NUMA topology of nova's own, and the tiers are its cells"
        figures, why = scheduling.host_figures(host_state)
        if figures is None:
            if CONF.hypertier.fail_open:
                LOG.debug('%(host)s passes by fail_open, though %(why)s', {'host': host_state, 'why': why})
                return ''
            # Never empty: that would let it pass.
            return why or 'nothing is known of it'
        return admission.refusal(tiered, spec_obj.project_id, figures) or ''
