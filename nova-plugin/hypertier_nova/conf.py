# SPDX-License-Identifier: Apache-2.0
"""Options of what runs inside nova, all in [hypertier] of nova.conf."""

import typing as ty

from oslo_config import cfg

from hypertier_nova import query

GROUP = cfg.OptGroup('hypertier', title='HyperTier: VMs with two memory tiers')

SCHEDULER_OPTS = [
    cfg.URIOpt(
        'prometheus_url', default='http://127.0.0.1:9090', schemes=['http', 'https'],
        help='Where Prometheus, which scrapes hypertierd on all compute nodes, answers nova-scheduler. It is '
             "asked directly: a proxy that the service's environment names is not used."),
    cfg.StrOpt(
        'prometheus_query', default=query.DEFAULT_QUERY,
        help='The one PromQL query for all hosts. Each sample of its answer must have the host_label, and a label '
             '"figure" with one of these values:\n\n' +
             '\n'.join(f'* {name}: {meaning}' for name, (meaning, _) in query.FIGURES.items()) +
             '\n\nAmounts have a label "tier" (fmem, smem), those of tenants a label "tenant" (project ID), too.'),
    cfg.StrOpt(
        'host_label', default='instance',
        help="Label that names the compute node as nova does (hypervisor_hostname, or the service's host); a port "
             'behind it is left out.'),
    cfg.FloatOpt(
        'cache_seconds', default=5.0, min=0.1,
        help='Seconds for which an answer of Prometheus is used. Shorter than the scrape interval gains nothing.'),
    cfg.FloatOpt(
        'timeout_seconds', default=2.0, min=0.1, max=60.0,
        help='Most seconds that a request waits for Prometheus, at most once each cache_seconds. After a try that '
             'failed or was slow, the next comes after cache_seconds or timeout_seconds, whichever is longer.'),
    cfg.FloatOpt(
        'max_age_seconds', default=60.0, min=1.0,
        help='Age from which the figures of a host count for nothing. Until then a host that answers lack, because a '
             'scrape of it has failed, counts as it was last seen. Some scrape intervals long.'),
    cfg.BoolOpt(
        'fail_open', default=False,
        help='Whether HyperTierFilter lets VMs with tiers onto hosts of which nothing fresh is known: Prometheus does '
             'not answer, or does not know the host. Placement still counts what is reserved there. VMs without tiers '
             'are let onto any host, always.'),
    cfg.FloatOpt(
        'weight_multiplier', default=1.0,
        help='Multiplier of HyperTierWeigher. Positive: VMs with tiers go where fast memory is least contended; '
             'negative: where it is most. Aggregate metadata hypertier_weight_multiplier goes before it.'),
]

COMPUTE_OPTS = [
    cfg.StrOpt(
        'tierctl', default='tierctl',
        help='The program that turns domain XML into two-tier one: a path, or a name to be found in PATH.'),
    cfg.StrOpt(
        'fmem_nodes', default='', regex=r'([0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*)?',
        help='Host NUMA nodes to which fast memory of VMs is bound, such as 0-1; empty: not bound.'),
    cfg.StrOpt(
        'smem_nodes', default='', regex=r'([0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*)?',
        help='Host NUMA nodes to which slow memory of VMs is bound, such as 2; empty: not bound.'),
]


def register(conf: cfg.ConfigOpts) -> None:
    conf.register_group(GROUP)
    conf.register_opts(SCHEDULER_OPTS + COMPUTE_OPTS, group=GROUP)


def list_opts() -> ty.List[ty.Tuple[cfg.OptGroup, ty.List[cfg.Opt]]]:
    """For oslo-config-generator --namespace hypertier_nova: these, and those of the placement agent."""
    # Not for who runs inside nova.
    from hypertier_nova.placement_agent import options
    return [(GROUP, SCHEDULER_OPTS + COMPUTE_OPTS), *options.list_opts()]
