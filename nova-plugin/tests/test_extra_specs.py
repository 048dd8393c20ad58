# SPDX-License-Identifier: Apache-2.0
import pytest

from nova import exception

from hypertier_nova import extra_specs
from hypertier_nova import keys

VALIDATORS = {validator.name: validator for validator in extra_specs.register()}


def test_there_is_a_validator_with_help_for_each_key() -> None:
    assert list(VALIDATORS) == [key.full_name for key in keys.KEYS]
    assert all(validator.description for validator in VALIDATORS.values())


@pytest.mark.parametrize('name, good, bad', [
    ('fmem_max_mb', ['64', '1073741824'], ['63', '1073741825', '4GiB', '']),
    ('smem_max_mb', ['2'], ['1', '2.5']),
    ('fmem_shares', ['0.001', '2', '1000000', '0.5'], ['0', '0.0', '0.0001', '1000000.1', '1000001', 'x', '']),
    ('smem_shares', ['3.25'], ['-1']),
    ('qos_class', ['gold', 'a_b-9'], ['', 'go ld', 'x' * 65]),
    ('policy', ['auto', 'static', 'none'], ['AUTO', '']),
    ('migrate_mbps', ['1', '1048576'], ['0', '1048577']),
])
def test_api_and_reader_take_and_refuse_the_same(name, good, bad) -> None:
    key = keys.BY_FULL_NAME[f'hypertier:{name}']
    validator = VALIDATORS[key.full_name]
    for value in good:
        validator.validate(key.full_name, value)
        assert key.admits(value), value
    for value in bad:
        with pytest.raises(exception.ValidationError):
            validator.validate(key.full_name, value)
        assert not key.admits(value), value
