# SPDX-License-Identifier: Apache-2.0
"""Glance, with images as files."""

from cloud import database
from cloud import keystone
from cloud import place
from integration import hypertierd

_CONFIG = '''\
[DEFAULT]
bind_host = 127.0.0.1
bind_port = {port}
# None beside the process itself.
workers = 0
node_staging_uri = file://{folder}/staging
[database]
connection = {database}
[glance_store]
stores = file
default_store = file
filesystem_store_datadir = {folder}/images
[paste_deploy]
flavor = keystone
config_file = /etc/glance/glance-api-paste.ini
[oslo_policy]
policy_dirs = {nothing}
[oslo_concurrency]
lock_path = {folder}
{token_check}
'''


class Glance:
    def __init__(self, here: place.Place, databases: database.Database, identity: keystone.Keystone) -> None:
        self._here = here
        self._port = here.port()
        here.make('glance/images')
        here.make('glance/staging')
        config = here.write('glance/glance.conf', _CONFIG.format(
            port=self._port, folder=here.folder / 'glance', database=databases.url('glance'), nothing=here.nothing,
            token_check=identity.token_check('glance')))
        self._arguments = ['--config-file', config, '--config-dir', here.nothing]
        self.prepared = here.start('glance-manage', ['glance-manage', *self._arguments, 'db_sync'])

    @property
    def url(self) -> str:
        return f'http://127.0.0.1:{self._port}'

    def start(self) -> None:
        hypertierd.until(self.prepared.done, 240, 'glance is prepared', self.prepared.tail)
        self._daemon = self._here.start('glance-api', ['glance-api', *self._arguments])

    def ready(self) -> None:
        self._here.await_port(self._daemon, self._port)
