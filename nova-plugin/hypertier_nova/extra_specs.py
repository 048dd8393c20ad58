# SPDX-License-Identifier: Apache-2.0
"""What nova-api checks of hypertier:* when a flavor's extra specs are set (microversion 2.86 and later).

Entry point nova.api.extra_spec_validators. Having validators makes nova refuse unknown keys of the namespace, too. It
checks one key at a time: contradictions between keys are hypertier_nova.flavor's.
"""

import typing as ty

from nova.api.validation.extra_specs import base

from hypertier_nova import keys


def _value(key: keys.Key) -> ty.Dict[str, ty.Any]:
    value: ty.Dict[str, ty.Any] = {'type': key.type}
    if key.type is int:
        value.update(min=key.least, max=key.most)
    elif key.enum:
        value['enum'] = list(key.enum)
    else:
        value['pattern'] = key.pattern
    return value


def register() -> ty.List[base.ExtraSpecValidator]:
    return [base.ExtraSpecValidator(name=key.full_name, description=key.help, value=_value(key)) for key in keys.KEYS]
