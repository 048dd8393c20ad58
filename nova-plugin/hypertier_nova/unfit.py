# SPDX-License-Identifier: Apache-2.0
"""Extra specs of nova that memory tiers cannot live with, each with the reason."""

import re
import typing as ty

_OWN_NUMA = "gives the guest NUMA cells or a memory binding of nova's own, and the tiers are its cells"
_PINNED = 'pins all guest memory, so none of it can be given back'

# Pattern of the key, and why not.
_KEYS: ty.Tuple[ty.Tuple[str, str], ...] = (
    (r'hw:numa_(nodes|cpus\..*|mem\..*)', _OWN_NUMA),
    (r'hw:mem_page_size', 'backs the guest with pages that cannot be given back in parts'),
    (r'hw:locked_memory', _PINNED),
    (r'hw:mem_encryption', 'encrypts guest memory, so none of it can be given back'),
    (r'hw:pmem', 'adds memory that is in neither tier'),
    (r'pci_passthrough:alias', 'passes a device through, which ' + _PINNED),
    (r'resources[a-zA-Z0-9_-]*:VGPU', 'passes a device through, which ' + _PINNED),
)
_OFF = re.compile(r'(?i)0|f|false|off|n|no')
_SWITCHES = ('hw:locked_memory', 'hw:mem_encryption')


def unfit(extra_specs: ty.Mapping[str, str]) -> ty.List[str]:
    """Why these extra specs do not go with tiers, each in a sentence with the remedy."""
    problems = []
    for name, value in sorted(extra_specs.items()):
        if name in _SWITCHES and _OFF.fullmatch(value):
            continue
        why = next((why for pattern, why in _KEYS if re.fullmatch(pattern, name)), None)
        if name == 'hw:cpu_policy' and value != 'shared':
            why = _OWN_NUMA
        if why:
            problems.append(f'{name}={value}: it {why}; remove it, or have no tiers')
    return problems
