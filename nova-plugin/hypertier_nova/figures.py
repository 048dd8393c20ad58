# SPDX-License-Identifier: Apache-2.0
"""What one answer of Prometheus says of each host."""

import math
import re
import typing as ty

from hypertier_nova import query

_Name = ty.Tuple[str, str, str]


class AnswerError(ValueError):
    """The answer is not what hypertier_nova.query asks for."""


class HostFigures:
    """Figures of one host; see query.FIGURES for names and units."""

    def __init__(self) -> None:
        self._figures: ty.Dict[_Name, float] = {}
        # Seconds between the scrape and the query, both by Prometheus's clock, so that clocks need not agree. Infinite:
        # the answer does not say.
        self.age_s = math.inf

    def get(self, figure: str, tier: str = '', tenant: str = '') -> ty.Optional[float]:
        return self._figures.get((figure, tier, tenant))

    def add(self, name: _Name, value: float, asked_at: float) -> None:
        if name[0] == 'scraped':
            # Two scrape jobs of one host: the fresher counts.
            self.age_s = min(self.age_s, max(0.0, asked_at - value))
        else:
            self._figures[name] = value


def _host(label: str) -> str:
    """Scrape targets are host:port; nova knows hosts without the port."""
    return re.sub(r':[0-9]+$', '', label)


def parse(answer: ty.Any, host_label: str) -> ty.Dict[str, HostFigures]:
    """The answer of /api/v1/query, decoded from JSON, by host. Raises AnswerError."""
    if not isinstance(answer, dict):
        raise AnswerError('it is no JSON object; does prometheus_url lead to Prometheus?')
    if answer.get('status') != 'success':
        raise AnswerError(f"{answer.get('errorType', 'error')}: {answer.get('error', 'no reason given')}")
    hosts: ty.Dict[str, HostFigures] = {}
    try:
        if answer['data']['resultType'] != 'vector':
            raise AnswerError(f"prometheus_query gives a {answer['data']['resultType']} in place of an instant vector")
        for sample in answer['data']['result']:
            labels = sample['metric']
            asked_at, value = float(sample['value'][0]), float(sample['value'][1])
            if host_label not in labels or labels.get('figure') not in query.FIGURES or not math.isfinite(value):
                continue
            name = (labels['figure'], labels.get('tier', ''), labels.get('tenant', ''))
            hosts.setdefault(_host(labels[host_label]), HostFigures()).add(name, value, asked_at)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        if isinstance(error, AnswerError):
            raise
        raise AnswerError(f'it is not in the form of the query API ({error!r}); '
                          'does prometheus_url lead to Prometheus?')
    if not hosts:
        raise AnswerError(f'no sample has the labels figure and {host_label}; is hypertierd scraped, '
                          'and are host_label and prometheus_query right?')
    return hosts
