# SPDX-License-Identifier: Apache-2.0
"""What things are called in placement."""

FMEM = 'CUSTOM_FMEM_MB'
SMEM = 'CUSTOM_SMEM_MB'
CLASSES = (FMEM, SMEM)
TRAIT = 'CUSTOM_HYPERTIER'


def provider(node: str) -> str:
    """The child provider of a compute node."""
    return f'{node}:hypertier'
