# SPDX-License-Identifier: Apache-2.0
"""What the operator of the lab sells: flavors, and how much of them each tenant may have."""

from cloud import stack

# gold: FMEM 128 MiB and up to 384, SMEM 512. wide: FMEM 320, SMEM 320. plain: no tiers.
_SIZE = ('--vcpus', '1', '--ram', '640', '--disk', '1')


def flavors(cloud: stack.Stack) -> None:
    admin = cloud.client('admin')
    admin.flavor('create', 'gold', *_SIZE, '--fmem-mb', '128', '--fmem-max-mb', '384', '--qos-class', 'gold')
    admin.flavor('create', 'wide', *_SIZE, '--fmem-mb', '320', '--qos-class', 'gold')
    admin.openstack('flavor', 'create', *_SIZE, 'plain')


def limits(cloud: stack.Stack) -> None:
    """Each tenant alone may have more than half of the host's fast memory, and less than all."""
    for tenant in cloud.catalogue.projects:
        cloud.catalogue.limit(tenant, 'class:CUSTOM_FMEM_MB', 448)
        cloud.catalogue.limit(tenant, 'class:CUSTOM_SMEM_MB', 1024)
