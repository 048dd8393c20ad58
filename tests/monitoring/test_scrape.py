# SPDX-License-Identifier: Apache-2.0
"""What deploy/prometheus/prometheus.yml makes of targets: `instance` is the host's name."""

import json
import pathlib
import shutil
import subprocess

import pytest

import check_rules

TARGETS = '''\
- targets: [compute-1.example:9841, "[fd00::2]:9841"]
- targets: [10.0.0.3:9841]
  labels: {host: compute-3}
'''


@pytest.fixture
def deployed(tmp_path: pathlib.Path) -> pathlib.Path:
    return shutil.copytree(check_rules.ROOT / 'deploy' / 'prometheus', tmp_path / 'prometheus')


@pytest.mark.parametrize('job', ['hypertierd', 'hypertier-agent'])
def test_instance_is_what_the_target_calls_its_host_else_its_address(deployed: pathlib.Path, job: str) -> None:
    (deployed / 'targets' / f'{job}.yml').write_text(TARGETS, encoding='utf-8')
    done = subprocess.run(['promtool', 'check', 'service-discovery', '--timeout=1s', deployed / 'prometheus.yml', job],
                          capture_output=True, text=True, timeout=30, check=True)
    found = json.loads(done.stdout)
    instances = {target['labels']['__address__']: target['labels']['instance'] for target in found}
    assert instances == {'compute-1.example:9841': 'compute-1.example', '[fd00::2]:9841': '[fd00::2]',
                         '10.0.0.3:9841': 'compute-3'}
    assert all(target['labels']['job'] == job and 'host' not in target['labels'] for target in found)
