# SPDX-License-Identifier: Apache-2.0
"""nova's libvirt driver, with two NUMA cells for VMs whose flavor has memory tiers.

compute_driver = hypertier.HyperTierDriver: nova looks below nova.virt, where nova/virt/hypertier has this class's name.
"""

import typing as ty

import nova.conf
from nova import context as nova_context
from nova import exception
from nova import objects
from nova.virt.libvirt import driver

from hypertier_nova import conf
from hypertier_nova import flavor
from hypertier_nova import live_migration
from hypertier_nova import shape

CONF = nova.conf.CONF
conf.register(CONF)


class HyperTierDriver(driver.LibvirtDriver):
    """All XML that nova makes of an instance comes out of one method: creation, hard reboot, resize, rebuild, rescue.

    Live migration sends the XML of the running domain, which has the tiers already, through another. Both are private,
    so they are what may break with a new nova: tests/nova/functional runs against the packaged one.
    """

    def _get_guest_xml(self, context: 'nova_context.RequestContext', instance: 'objects.Instance', *args: ty.Any,
                       **kwargs: ty.Any) -> str:
        xml = super()._get_guest_xml(context, instance, *args, **kwargs)
        of = instance.flavor
        try:
            tiered = flavor.read(of.name, of.memory_mb, of.extra_specs)
            if tiered is None:
                return xml
            options = CONF.hypertier
            shaper = shape.Shaper(options.tierctl, options.fmem_nodes, options.smem_nodes)
            return shaper.shape(xml, tiered, instance.project_id)
        except flavor.FlavorError as error:
            # nova tells the reason of an InvalidInput, and tries no other host.
            raise exception.InvalidInput(reason=str(error))
        except shape.ShapeRefused as error:
            raise exception.InvalidInput(reason=f'flavor {of.name} has memory tiers: {error}')
        except shape.ShapeFailed as error:
            raise exception.InternalError(str(error))

    def _live_migration_operation(self, context: 'nova_context.RequestContext', instance: 'objects.Instance', dest: str,
                                  block_migration: bool, migrate_data: ty.Any, guest: ty.Any, *args: ty.Any,
                                  **kwargs: ty.Any) -> None:
        super()._live_migration_operation(context, instance, dest, block_migration, migrate_data,
                                          live_migration.MigratingGuest(guest), *args, **kwargs)
