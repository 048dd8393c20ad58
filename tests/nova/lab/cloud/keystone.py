# SPDX-License-Identifier: Apache-2.0
"""Keystone: who is who, and what a project may have."""

from cloud import database
from cloud import place
from integration import hypertierd

_CONFIG = '''\
[database]
connection = {database}
[token]
provider = fernet
[fernet_tokens]
key_repository = {folder}/fernet
[credential]
key_repository = {folder}/credential
[identity]
# Of bcrypt: the least. Services prove who they are often.
password_hash_rounds = 4
[oslo_policy]
policy_dirs = {nothing}
'''
_PREPARE = '''\
set -e
manage="keystone-manage --config-file {config} --config-dir {nothing}"
$manage db_sync
$manage fernet_setup --keystone-user root --keystone-group root
$manage credential_setup --keystone-user root --keystone-group root
$manage bootstrap --bootstrap-password {password} --bootstrap-region-id {region} --bootstrap-public-url {url} \\
  --bootstrap-internal-url {url} --bootstrap-admin-url {url}
'''


class Keystone:
    def __init__(self, here: place.Place, databases: database.Database) -> None:
        self._here = here
        self._port = here.port()
        folder = here.make('keystone')
        for name in ('fernet', 'credential'):
            here.make(f'keystone/{name}').chmod(0o700)
        self._config = here.write('keystone/keystone.conf', _CONFIG.format(
            database=databases.url('keystone'), folder=folder, nothing=here.nothing))
        self.prepared = here.start('keystone-manage', ['sh', '-c', _PREPARE.format(
            config=self._config, nothing=here.nothing, password=here.password, region=place.REGION, url=self.url)])

    @property
    def url(self) -> str:
        return f'http://127.0.0.1:{self._port}/v3'

    def start(self) -> None:
        hypertierd.until(self.prepared.done, 240, 'keystone is prepared', self.prepared.tail)
        served = self._here.start('keystone', place.uwsgi('/usr/bin/keystone-wsgi-public', self._port),
                                  OS_KEYSTONE_CONFIG_FILES=self._config)
        self._here.await_port(served, self._port)

    def service_user(self, name: str) -> str:
        """Options by which a service shows who it is, for a section of its configuration."""
        return (f'auth_type = password\nauth_url = {self.url}\nusername = {name}\npassword = {self._here.password}\n'
                f'project_name = service\nuser_domain_name = Default\nproject_domain_name = Default\n'
                f'region_name = {place.REGION}\n')

    def token_check(self, name: str) -> str:
        """The section by which a service checks its callers' tokens."""
        return (f'[keystone_authtoken]\nwww_authenticate_uri = {self.url}\nservice_token_roles_required = true\n'
                f'{self.service_user(name)}')
