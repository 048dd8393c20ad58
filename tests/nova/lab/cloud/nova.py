# SPDX-License-Identifier: Apache-2.0
"""Nova: API, scheduler, conductor and compute, with HyperTier's plugin in them."""

import dataclasses

from cloud import daemon
from cloud import database
from cloud import keystone
from cloud import place
from integration import hypertierd

_CONFIG = '''\
[DEFAULT]
state_path = {folder}
my_ip = 127.0.0.1
transport_url = {messages}
enabled_apis = osapi_compute
osapi_compute_listen = 127.0.0.1
osapi_compute_listen_port = {port}
osapi_compute_workers = 1
compute_driver = hypertier.HyperTierDriver
allow_resize_to_same_host = true
# The lab's guests do not heed the power button.
shutdown_timeout = 1
heal_instance_info_cache_interval = -1
debug = true
[api_database]
connection = {api_database}
[database]
connection = {database}
[conductor]
workers = 1
[scheduler]
workers = 1
[filter_scheduler]
available_filters = nova.scheduler.filters.all_filters
available_filters = hypertier_nova.filters.HyperTierFilter
enabled_filters = HyperTierFilter,ComputeFilter,ComputeCapabilitiesFilter,ImagePropertiesFilter
weight_classes = nova.scheduler.weights.all_weighers,hypertier_nova.weights.HyperTierWeigher
[hypertier]
prometheus_url = {prometheus}
tierctl = {tierctl}
cache_seconds = 1
max_age_seconds = 15
[libvirt]
virt_type = qemu
cpu_mode = none
connection_uri = {libvirt}
[wsgi]
api_paste_config = /etc/nova/api-paste.ini
[vnc]
enabled = false
[glance]
endpoint_override = {glance}
[neutron]
auth_type = none
endpoint_override = {network}
[placement]
{service_user}
[service_user]
send_service_user_token = true
{service_user}
[quota]
driver = nova.quota.UnifiedLimitsDriver
[oslo_limit]
auth_type = password
auth_url = {identity}
username = nova
password = {password}
user_domain_name = Default
system_scope = all
endpoint_id = {endpoint_id}
[oslo_concurrency]
lock_path = {folder}
[oslo_policy]
policy_dirs = {nothing}
[nova_sys_admin]
helper_command = privsep-helper --config-file {config}
[vif_plug_ovs_privileged]
helper_command = privsep-helper --config-file {config}
{token_check}
'''
_PREPARE = '''\
set -e
manage="nova-manage --config-file {config} --config-dir {nothing}"
$manage api_db sync
$manage cell_v2 map_cell0 --database_connection '{cell0}'
$manage db sync
$manage cell_v2 create_cell --name cell1
'''


@dataclasses.dataclass(frozen=True)
class Neighbours:
    """What nova is told of the others."""
    messages: str
    glance: str
    network: str
    prometheus: str
    libvirt: str
    tierctl: str


class Nova:
    def __init__(self, here: place.Place, databases: database.Database, identity: keystone.Keystone,
                 neighbours: Neighbours) -> None:
        self._here = here
        self._databases = databases
        self._identity = identity
        self._neighbours = neighbours
        self._port = here.port()
        self._folder = here.make('nova')
        here.make('nova/instances')
        self._config = self._folder / 'nova.conf'
        self._arguments = ['--config-file', self._config, '--config-dir', here.nothing]
        self.configure('')
        # Without the plugin, which may not be there yet, and without its section's meaning.
        self.prepared = here.start('nova-manage', ['sh', '-c', _PREPARE.format(
            config=self._config, nothing=here.nothing, cell0=databases.url('nova_cell0'))])
        self.services: dict[str, daemon.Daemon] = {}

    @property
    def url(self) -> str:
        return f'http://127.0.0.1:{self._port}/v2.1'

    def configure(self, endpoint_id: str) -> None:
        """endpoint_id: nova's own in keystone's catalogue, whose limits are asked for."""
        self._here.write('nova/nova.conf', _CONFIG.format(
            **dataclasses.asdict(self._neighbours), folder=self._folder, port=self._port, endpoint_id=endpoint_id,
            database=self._databases.url('nova'), api_database=self._databases.url('nova_api'),
            identity=self._identity.url, password=self._here.password, nothing=self._here.nothing, config=self._config,
            service_user=self._identity.service_user('nova'), token_check=self._identity.token_check('nova')))

    def start(self) -> None:
        hypertierd.until(self.prepared.done, 240, 'nova is prepared', self.prepared.tail)
        for name in ('nova-conductor', 'nova-scheduler', 'nova-api', 'nova-compute'):
            self.services[name] = self._here.start(name, [name, *self._arguments], PYTHONPATH=self._here.site)

    def ready(self) -> None:
        self._here.await_port(self.services['nova-api'], self._port)

    def discover_host(self) -> None:
        """Maps the host to its cell; before that the scheduler does not know it."""
        self._here.run('nova-manage-host', ['nova-manage', *self._arguments, 'cell_v2', 'discover_hosts'])
