# SPDX-License-Identifier: Apache-2.0
"""The compute node's own: hypertierd, the placement agent, and the Prometheus that scrapes hypertierd."""

from cloud import keystone
from cloud import place
from integration import hypertierd
from lab import private_libvirt

FMEM_MB = 512
SMEM_MB = 2048
# Seconds for which hypertierd may be gone before the trait goes.
GRACE_S = 3.0

_HYPERTIERD = f'''\
[qos]
period_ms = 500
fmem_capacity = "{FMEM_MB}MiB"
smem_capacity = "{SMEM_MB}MiB"
fmem_reserve = "0"
[class.gold]
fmem_shares = 4
'''
_AGENT = '''\
[hypertier_placement]
hypertierd = {endpoint}
interval_seconds = 1
grace_seconds = {grace}
{service_user}
'''
_PROMETHEUS = '''\
global: {{scrape_interval: 1s}}
scrape_configs:
- job_name: hypertierd
  static_configs:
  - targets: ["127.0.0.1:{port}"]
    labels: {{instance: "{node}:{port}"}}
'''


class Host:
    def __init__(self, here: place.Place, libvirt: private_libvirt.PrivateLibvirt, identity: keystone.Keystone) -> None:
        self.node = libvirt.connection.getHostname()
        self.hypertierd = hypertierd.Hypertierd(libvirt, here.logs, _HYPERTIERD)
        config = here.write('hypertier-placement.conf', _AGENT.format(
            endpoint=self.hypertierd.endpoint, grace=GRACE_S, service_user=identity.service_user('hypertier')))
        config.chmod(0o600)
        self._agent_command = ['/usr/bin/python3', here.site / 'bin' / 'hypertier-placement', '--config-file', config,
                               '--config-dir', here.nothing]
        self._here = here
        self.agent = here.program('hypertier-placement', self._agent_command, PYTHONPATH=here.site)
        self._port = here.port()
        scraped = here.write('prometheus.yml', _PROMETHEUS.format(port=self.hypertierd.metrics_port, node=self.node))
        self.prometheus = here.program('prometheus', [
            'prometheus', f'--config.file={scraped}', f'--storage.tsdb.path={here.make("prometheus")}',
            f'--web.listen-address=127.0.0.1:{self._port}'])

    @property
    def prometheus_url(self) -> str:
        return f'http://127.0.0.1:{self._port}'

    def start(self) -> None:
        self.hypertierd.start()
        self.prometheus.start()
        self.agent.start()

    def after_agent(self) -> None:
        """What systemd does when the agent has ended in any way: the ExecStopPost of its unit."""
        self._here.run('withdraw', [*self._agent_command, '--withdraw'], PYTHONPATH=self._here.site)

    def close(self) -> None:
        self.hypertierd.close()
