# SPDX-License-Identifier: Apache-2.0
"""hypertier-placement: keeps placement and the hypertierd of this compute node in step."""

import logging
import signal
import sys
import typing as ty

from keystoneauth1 import exceptions
from keystoneauth1 import loading
from oslo_config import cfg
from oslo_log import log

try:
    from hypertier_nova.placement_agent import hypertierd
except ImportError as missing:
    sys.exit(f'hypertier-placement: {missing}. It takes python3-grpcio and python3-protobuf, and protobuf-compiler and '
             'protobuf-compiler-grpc while hypertier-nova is being installed: install them, then hypertier-nova again')

from hypertier_nova.placement_agent import loop
from hypertier_nova.placement_agent import node_name
from hypertier_nova.placement_agent import options
from hypertier_nova.placement_agent import placement
from hypertier_nova.placement_agent import rounds
from hypertier_nova.placement_agent import supervisor

LOG = logging.getLogger('hypertier_nova.placement_agent')

_FAILED = 1
_CONFIGURATION = 2

_COMMAND_LINE = [
    cfg.BoolOpt('once', default=False, help='Do one round, and end: with 0 when all is in step, else with 1.'),
    cfg.BoolOpt('withdraw', default=False, help='Take the trait off, so that no VM with tiers comes here, and end. For '
                                                'when the agent has died (the systemd unit does it).'),
    cfg.BoolOpt('delete', default=False, help="Remove this host's provider, and end. Refused while servers hold of it. "
                                              'Stop the agent before, delete the compute service after.'),
]


def _configuration(argv: ty.Sequence[str]) -> cfg.ConfigOpts:
    conf = cfg.ConfigOpts()
    log.register_options(conf)
    conf.set_default('use_stderr', True)
    options.register(conf)
    conf.register_cli_opts(_COMMAND_LINE)
    conf(argv, project='hypertier', prog='hypertier-placement')
    if sum((conf.once, conf.withdraw, conf.delete)) > 1:
        raise cfg.Error('--once, --withdraw and --delete: give one of them')
    log.setup(conf, 'hypertier-placement')
    return conf


def _placement(conf: cfg.ConfigOpts) -> placement.Placement:
    group = options.GROUP.name
    auth = loading.load_auth_from_conf_options(conf, group)
    if auth is None:
        raise cfg.Error(f'[{group}] auth_type is not set; write auth_type = password, and auth_url, username, '
                        'password, project_name and the domains of a service user (docs/openstack.md)')
    session = loading.load_session_from_conf_options(conf, group, auth=auth)
    # A round has one call for each server that is new, and the first on a full host may take long without hanging.
    return placement.Placement(loading.load_adapter_from_conf_options(conf, group, session=session, auth=auth),
                               supervisor.alive)


def _delete(round_: rounds.Rounds, daemon: hypertierd.Hypertierd, node: str) -> int:
    there_was = round_.delete()
    print(f'{node}: {"deleted" if there_was else "there is none"}')
    try:
        daemon.set_grants([])
    except hypertierd.HypertierdError as error:
        print(f'hypertier-placement: grants may have stayed; they matter only if this host goes on: {error}',
              file=sys.stderr)
    return 0


def main(argv: ty.Optional[ty.Sequence[str]] = None) -> int:
    try:
        conf = _configuration(sys.argv[1:] if argv is None else argv)
        api = _placement(conf)
        own = conf[options.GROUP.name]
        node = own.node_name or node_name.default()
        daemon = hypertierd.Hypertierd(own.hypertierd, own.hypertierd_timeout_seconds)
        round_ = rounds.Rounds(api, daemon, node)
        going = loop.Loop(daemon, round_, own.interval_seconds, own.grace_seconds)
    except (cfg.Error, exceptions.ClientException) as error:
        print(f'hypertier-placement: {error}', file=sys.stderr)
        return _CONFIGURATION
    try:
        if conf.delete:
            return _delete(round_, daemon, node)
        if conf.withdraw:
            round_.withdraw('hypertier-placement was told so')
            return 0
        if conf.once:
            return 0 if going.once() else _FAILED
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: going.stop())
        LOG.info('compute node %s, hypertierd at %s', node, own.hypertierd)
        going.run()
        return 0
    except placement.PlacementError as error:
        print(f'hypertier-placement: {error}', file=sys.stderr)
        return _FAILED
    finally:
        daemon.close()


if __name__ == '__main__':
    sys.exit(main())
