# SPDX-License-Identifier: Apache-2.0
"""MariaDB on a socket, with a database for each service."""

from cloud import place
from integration import hypertierd

NAMES = ('keystone', 'glance', 'placement', 'nova_api', 'nova_cell0', 'nova')


class Database:
    def __init__(self, here: place.Place) -> None:
        self._here = here
        self._socket = here.folder / 'db.sock'
        self._data = here.folder / 'db'
        # Ends within seconds, beside what else is being made ready.
        self._made = here.start('mariadb-install', [
            'mariadb-install-db', '--no-defaults', '--user=root', f'--datadir={self._data}',
            '--auth-root-authentication-method=normal', '--skip-test-db'])

    def start(self) -> None:
        hypertierd.until(self._made.done, 120, 'the database is made', self._made.tail)
        # Nothing in it outlives the lab, so nothing has to be on the disk at any time.
        served = self._here.start('mariadb', [
            'mariadbd', '--no-defaults', '--user=root', f'--datadir={self._data}', f'--socket={self._socket}',
            '--skip-networking', f'--pid-file={self._here.folder}/db.pid', f'--tmpdir={self._here.make("tmp")}',
            '--innodb-flush-log-at-trx-commit=0', '--innodb-doublewrite=0', '--max-connections=400',
            '--plugin-dir=/usr/lib/mysql/plugin'])
        hypertierd.until(lambda: self._socket.exists() or not served.running(), 60, 'the database answers', served.tail)
        create = ''.join(f'create database {name} character set utf8mb3; ' for name in NAMES)
        self._here.run('mariadb-create', [
            'mariadb', '--no-defaults', f'--socket={self._socket}', '-uroot', '-e', create])

    def url(self, name: str) -> str:
        return f'mysql+pymysql://root@localhost/{name}?unix_socket={self._socket}'
