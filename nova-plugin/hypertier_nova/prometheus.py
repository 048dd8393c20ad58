# SPDX-License-Identifier: Apache-2.0
"""Asks Prometheus over plain HTTP.

urllib and threads alone: nova-scheduler runs under eventlet up to 2025.1 and on threads later, and both can be had with
these. (grpcio's core blocks all of eventlet's green threads, and hypertierd's gRPC is on a Unix socket of its host.)
"""

import json
import time
import typing as ty
import urllib.error
import urllib.parse
import urllib.request

from hypertier_nova import figures

# 1,000 hosts with 100 tenants that have terms are some 150 MB of JSON; more is a query gone wrong.
MOST_BYTES = 256 << 20


def _read(response: ty.Any, deadline: float) -> bytes:
    """The whole body, however slowly it drips, or TimeoutError."""
    body = bytearray()
    while chunk := response.read1(1 << 16):
        body += chunk
        if len(body) > MOST_BYTES:
            raise figures.AnswerError(f'it is larger than {MOST_BYTES >> 20} MiB; narrow prometheus_query down')
        if time.monotonic() > deadline:
            raise TimeoutError('the answer is too slow')
    return bytes(body)


def ask(url: str, query: str, timeout_s: float, host_label: str) -> ty.Dict[str, figures.HostFigures]:
    """One instant query. `timeout_s` bounds each of its steps; so callers who are in haste use a thread of its own.

    Raises OSError (no answer), figures.AnswerError (not the answer that was asked for).
    """
    request = urllib.request.Request(
        url.rstrip('/') + '/api/v1/query',
        data=urllib.parse.urlencode({'query': query, 'timeout': f'{timeout_s:g}s'}).encode(),
        headers={'Accept': 'application/json'})
    # Not by a proxy of the service's environment, which is for other errands.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=timeout_s) as response:
            body = _read(response, time.monotonic() + timeout_s)
    except urllib.error.HTTPError as error:
        # Prometheus says in the body of a 4xx what is wrong with a query.
        with error:
            body = error.read(1 << 16)
        if error.code not in (400, 422):
            raise
    try:
        answer = json.loads(body)
    except ValueError:
        raise figures.AnswerError('it is no JSON; does prometheus_url lead to Prometheus?')
    return figures.parse(answer, host_label)
