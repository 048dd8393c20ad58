# SPDX-License-Identifier: Apache-2.0
"""RabbitMQ, with a port mapper of its own."""

from cloud import place


class Messages:
    def __init__(self, here: place.Place) -> None:
        self._here = here
        self._port, mapper, distribution = here.port(), here.port(), here.port()
        folder = here.make('rabbit')
        # In the foreground: the one that Erlang starts by itself would stay.
        mapping = here.start('epmd', ['epmd', '-port', mapper, '-address', '127.0.0.1'])
        here.await_port(mapping, mapper)
        plugins = here.write('rabbit/plugins', '[].\n')
        config = here.write('rabbit/rabbitmq.conf', 'log.console.level = warning\ndisk_free_limit.absolute = 10MB\n')
        self._daemon = here.start(
            'rabbitmq', ['/usr/lib/rabbitmq/bin/rabbitmq-server'], HOME=folder, ERL_EPMD_PORT=mapper,
            # Has its script become Erlang, not the parent of one that would outlive it.
            RUNNING_UNDER_SYSTEMD='1',
            ERL_EPMD_ADDRESS='127.0.0.1', RABBITMQ_NODENAME='lab@localhost', RABBITMQ_NODE_IP_ADDRESS='127.0.0.1',
            RABBITMQ_NODE_PORT=self._port, RABBITMQ_DIST_PORT=distribution, RABBITMQ_MNESIA_BASE=folder / 'mnesia',
            RABBITMQ_LOG_BASE=folder, RABBITMQ_LOGS='-', RABBITMQ_ENABLED_PLUGINS_FILE=plugins,
            RABBITMQ_CONFIG_FILE=config, RABBITMQ_CONF_ENV_FILE=folder / 'none', RABBITMQ_PID_FILE=folder / 'pid',
            RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='+S 2:2 +sbwt none -kernel inet_dist_use_interface {127,0,0,1}')

    @property
    def url(self) -> str:
        return f'rabbit://guest:guest@127.0.0.1:{self._port}/'

    def ready(self) -> None:
        self._here.await_port(self._daemon, self._port)
