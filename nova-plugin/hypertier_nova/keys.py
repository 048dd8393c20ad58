# SPDX-License-Identifier: Apache-2.0
"""The extra specs hypertier:*, each defined once.

The API's validators, the reader of flavors, the flavor helper and the documentation are made from this table.
"""

import dataclasses
import re
import typing as ty

NAMESPACE = 'hypertier'

# Beyond any machine; keeps a mistyped number out of arithmetic. 1 PiB in MiB.
MOST_MB = 1 << 30
# 0.001 to 1,000,000: what hypertierd takes (docs/qos.md).
SHARES_PATTERN = r'(?=.*[1-9])[0-9]{1,6}(\.[0-9]{1,3})?|1000000(\.0{1,3})?'


@dataclasses.dataclass(frozen=True)
class Key:
    # Without the namespace.
    name: str
    type: ty.Type
    help: str
    least: ty.Optional[int] = None
    most: ty.Optional[int] = None
    pattern: ty.Optional[str] = None
    enum: ty.Tuple[str, ...] = ()

    @property
    def full_name(self) -> str:
        return f'{NAMESPACE}:{self.name}'

    @property
    def bounds(self) -> str:
        if self.type is int:
            return f'a whole number from {self.least} to {self.most}'
        if self.enum:
            return ', '.join(self.enum[:-1]) + f' or {self.enum[-1]}'
        if self.pattern == SHARES_PATTERN:
            return 'a number from 0.001 to 1000000, at most three decimals'
        return f'of the form {self.pattern}'

    def admits(self, value: str) -> bool:
        if self.type is int:
            return bool(re.fullmatch(r'[0-9]{1,18}', value)) and self.least <= int(value) <= self.most
        if self.enum:
            return value in self.enum
        return re.fullmatch(self.pattern, value) is not None


KEYS: ty.Tuple[Key, ...] = (
    Key('fmem_max_mb', int,
        'Most fast memory that the VM can ever have, in MiB: a hard cap. What is above resources:CUSTOM_FMEM_MB is '
        'burst, had while nobody else needs it. Default: the claim.',
        least=64, most=MOST_MB),
    Key('smem_max_mb', int,
        'Most slow memory that the VM can ever have, in MiB; as fmem_max_mb, above resources:CUSTOM_SMEM_MB.',
        least=2, most=MOST_MB),
    Key('fmem_shares', str,
        "Weight in the competition for fast memory that nobody reserved. Default: that of the class, else 1.",
        pattern=SHARES_PATTERN),
    Key('smem_shares', str,
        'Weight in the competition for slow memory that nobody reserved. Default: that of the class, else 1.',
        pattern=SHARES_PATTERN),
    Key('qos_class', str,
        "Name of a class of hypertierd's configuration ([class.NAME]), which says what is not said here.",
        pattern=r'[A-Za-z0-9_-]{1,64}'),
    Key('policy', str,
        'auto: hypertierd plans how much of each tier the VM has. static: it has its claims until somebody resizes it. '
        "none: an ordinary VM that is left alone. Default: qos.default_mode of hypertierd's configuration.",
        enum=('auto', 'static', 'none')),
    Key('migrate_mbps', int,
        'Most MiB a second that pages of the VM are moved between its tiers.',
        least=1, most=1 << 20),
)
BY_FULL_NAME: ty.Dict[str, Key] = {key.full_name: key for key in KEYS}
