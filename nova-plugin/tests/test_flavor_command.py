# SPDX-License-Identifier: Apache-2.0
import typing as ty

import pytest

from hypertier_nova import flavor
from hypertier_nova import flavor_command

GOLD = ['create', 'gold.4c16g', '--vcpus', '4', '--ram', '16384', '--fmem-ratio', '0.2', '--qos-class', 'gold']


def specs(*more: str) -> ty.Dict[str, str]:
    return flavor_command.extra_specs(flavor_command.parser().parse_args([*GOLD, *more]))


def test_what_is_written_fits_together() -> None:
    assert specs('--fmem-max-mb', '8192', '--migrate-mbps', '100') == {
        'resources:CUSTOM_FMEM_MB': '3276', 'resources:CUSTOM_SMEM_MB': '13108', 'trait:CUSTOM_HYPERTIER': 'required',
        'hypertier:fmem_max_mb': '8192', 'hypertier:qos_class': 'gold', 'hypertier:policy': 'auto',
        'hypertier:migrate_mbps': '100'}
    for ratio in range(1, 100):
        made = specs('--fmem-ratio', f'{ratio / 100}')
        assert flavor.check('any', 16384, made) == []


def test_what_does_not_fit_is_told_and_not_written(capsys) -> None:
    assert flavor_command.main([*GOLD, '--fmem-max-mb', '1024', '--fmem-shares', 'many', '--dry-run']) == 1
    told = capsys.readouterr()
    assert told.out == ''
    assert 'hypertier-flavor: gold.4c16g: hypertier:fmem_max_mb=1024: it is below what is guaranteed' in told.err
    assert 'hypertier:fmem_shares=many: it must be a number from 0.001' in told.err


def test_a_flavor_without_tiers_is_not_made(capsys) -> None:
    assert flavor_command.main([*GOLD, '--policy', 'none', '--dry-run']) == 1
    assert 'openstack flavor create' in capsys.readouterr().err


def test_dry_run_prints_commands_that_a_shell_takes(capsys) -> None:
    assert flavor_command.main([*GOLD, '--private', '--dry-run']) == 0
    create, said = capsys.readouterr().out.splitlines()
    assert create == 'openstack flavor create --vcpus 4 --ram 16384 --disk 0 --private gold.4c16g'
    # Since which nova checks extra specs.
    assert said.startswith('openstack --os-compute-api-version 2.86 flavor set --property '
                           'resources:CUSTOM_FMEM_MB=3276 --property ')
    assert said.endswith(' gold.4c16g')


@pytest.mark.parametrize('argv', [
    [], ['check'], ['check', 'x', '--all'], GOLD[:-4], [*GOLD, '--fmem-mb', '5'], [*GOLD, '--fmem-ratio', '1'],
    [*GOLD, '--policy', 'often'], [*GOLD, '--ram', '0']])
def test_a_wrong_command_line_ends_with_2(argv: ty.List[str], capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        flavor_command.main(argv)
    assert ended.value.code == 2 and 'usage:' in capsys.readouterr().err


def test_no_cloud_is_told_in_words(capsys, monkeypatch, tmp_path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('HOME', str(tmp_path))
    for name in ('OS_AUTH_URL', 'OS_CLOUD'):
        monkeypatch.delenv(name, raising=False)
    assert flavor_command.main(['--os-cloud', 'nowhere', 'check', 'gold']) == 3
    assert 'hypertier-flavor: Cloud nowhere was not found' in capsys.readouterr().err
