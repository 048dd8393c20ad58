# SPDX-License-Identifier: Apache-2.0
"""Placement: who holds what of each host."""

from cloud import database
from cloud import keystone
from cloud import place
from integration import hypertierd

_CONFIG = '''\
[api]
auth_strategy = keystone
[placement_database]
connection = {database}
[oslo_policy]
policy_dirs = {nothing}
{token_check}
'''


class Placement:
    def __init__(self, here: place.Place, databases: database.Database, identity: keystone.Keystone) -> None:
        self._here = here
        self._port = here.port()
        self._folder = here.make('placement')
        config = here.write('placement/placement.conf', _CONFIG.format(
            database=databases.url('placement'), nothing=here.nothing, token_check=identity.token_check('placement')))
        self.prepared = here.start('placement-manage', [
            'placement-manage', '--config-file', config, '--config-dir', here.nothing, 'db', 'sync'])

    @property
    def url(self) -> str:
        return f'http://127.0.0.1:{self._port}'

    def start(self) -> None:
        hypertierd.until(self.prepared.done, 240, 'placement is prepared', self.prepared.tail)
        self._daemon = self._here.start('placement-api', place.uwsgi('/usr/bin/placement-api', self._port),
                                        OS_PLACEMENT_CONFIG_DIR=self._folder)

    def ready(self) -> None:
        self._here.await_port(self._daemon, self._port)
