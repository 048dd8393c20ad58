# SPDX-License-Identifier: Apache-2.0
"""Options of hypertier-placement, all in one section: its own, and keystoneauth's."""

import copy
import typing as ty

from keystoneauth1 import loading
from oslo_config import cfg

GROUP = cfg.OptGroup('hypertier_placement', title='hypertier-placement, the agent beside hypertierd')

OWN_OPTS = [
    cfg.StrOpt(
        'hypertierd', default='unix:/run/hypertier/hypertierd.sock',
        help="Where hypertierd answers: its listen.grpc. Whoever runs the agent must be of its listen.socket_group."),
    cfg.StrOpt(
        'node_name', default='', sample_default='compute-1.example',
        help="This compute node's name in `openstack hypervisor list`, which is that of its provider in placement. "
             'Empty: the name that libvirt has for this host.'),
    cfg.FloatOpt(
        'interval_seconds', default=5.0, min=0.1, max=600.0,
        help='Seconds between two reads of the allocations in placement: one request each time, while nothing changes. '
             'hypertierd is looked at each second, and what changes there is told at once.'),
    cfg.FloatOpt(
        'grace_seconds', default=15.0, min=0.0, max=600.0,
        help='Seconds for which hypertierd may be out of reach, or without libvirt, before the trait CUSTOM_HYPERTIER '
             'is taken off. Longer than its restart takes. Maintenance counts at once.'),
    cfg.FloatOpt(
        'hypertierd_timeout_seconds', default=2.0, min=0.1, max=60.0,
        help='Most seconds that one call to hypertierd takes.'),
]

# keystoneauth's, with our defaults. Its `timeout` is how long any step of a request to placement or keystone may take.
_DEFAULTS = {'timeout': 10, 'service_type': 'placement', 'valid_interfaces': ['internal', 'public']}


def _client_opts() -> ty.List[cfg.Opt]:
    opts = copy.deepcopy(loading.get_session_conf_options() +
                         loading.get_adapter_conf_options(include_deprecated=False))
    for opt in opts:
        opt.default = _DEFAULTS.get(opt.dest, opt.default)
    return opts


CLIENT_OPTS = _client_opts()


def register(conf: cfg.ConfigOpts) -> None:
    conf.register_group(GROUP)
    conf.register_opts(OWN_OPTS + CLIENT_OPTS, group=GROUP)
    loading.register_auth_conf_options(conf, GROUP.name)


def list_opts() -> ty.List[ty.Tuple[cfg.OptGroup, ty.List[cfg.Opt]]]:
    """For the sample. Of the ways to authenticate, that which clouds use; others bring options of their own."""
    return [(GROUP, OWN_OPTS + CLIENT_OPTS + loading.get_auth_common_conf_options() +
             loading.get_auth_plugin_conf_options('password'))]
