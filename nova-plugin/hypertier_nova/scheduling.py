# SPDX-License-Identifier: Apache-2.0
"""What filter and weigher share: the figures of all hosts, and what a request's flavor says."""

import typing as ty

import nova.conf
from nova import objects
from nova.scheduler import host_manager

from hypertier_nova import conf
from hypertier_nova import feedback
from hypertier_nova import figures
from hypertier_nova import flavor
from hypertier_nova import prometheus

CONF = nova.conf.CONF
conf.register(CONF)


def _fetch() -> ty.Dict[str, figures.HostFigures]:
    options = CONF.hypertier
    return prometheus.ask(options.prometheus_url, options.prometheus_query, options.timeout_seconds, options.host_label)


# One a process, for all requests; its thread is started by the first request, so forked workers each have their own.
FEEDBACK = feedback.Feedback(_fetch)


def tiered_flavor(spec_obj: 'objects.RequestSpec') -> ty.Optional[flavor.TieredFlavor]:
    """Raises flavor.FlavorError."""
    of = spec_obj.flavor
    # Not set on some flavors: then they say nothing of tiers, and to ask would be an error.
    return flavor.read(of.name, of.memory_mb, of.extra_specs if 'extra_specs' in of else {})


def host_figures(host_state: 'host_manager.HostState') -> ty.Tuple[ty.Optional[figures.HostFigures], str]:
    """Fresh figures of a host, else None and why there are none; waits for Prometheus within the options' bounds."""
    options = CONF.hypertier
    hosts, failure = FEEDBACK.get(options.cache_seconds, options.timeout_seconds, options.max_age_seconds)
    if hosts is None:
        return None, failure
    known = hosts.get(host_state.nodename) or hosts.get(host_state.host)
    if known is None:
        return None, f'Prometheus knows no hypertierd on it (label {options.host_label})'
    age = FEEDBACK.age_s(known)
    if age > options.max_age_seconds:
        why = f'; {failure}' if failure else ''
        return None, f'its figures are {age:.0f} s old, max_age_seconds is {options.max_age_seconds:g}{why}'
    return known.figures, ''
