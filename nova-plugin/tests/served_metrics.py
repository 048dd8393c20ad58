# SPDX-License-Identifier: Apache-2.0
"""A small HTTP server that answers Prometheus's query API with figures of hosts, and misbehaves when told to."""

import http.server
import json
import socket
import threading
import time
import typing as ty
import urllib.parse

GIB = 1 << 30


def host(**changes: ty.Any) -> ty.Dict[str, ty.Any]:
    """A host with 64 GiB of FMEM and 256 GiB of SMEM, all of it free; keys are figure, figure__tier__tenant."""
    figures = {
        'degraded': 0, 'maintenance': 0, 'capacity__fmem': 64 * GIB, 'capacity__smem': 256 * GIB, 'reserved__fmem': 0,
        'reserved__smem': 0, 'charged__fmem': 0, 'burst__fmem': 0, 'missing__fmem': 0, 'hit_ratio': 1, **changes}
    return {name: value for name, value in figures.items() if value is not None}


class ServedMetrics:
    def __init__(self) -> None:
        # By the host label's value, as in host(); scrape ages by the same.
        self.hosts: ty.Dict[str, ty.Dict[str, float]] = {}
        self.ages_s: ty.Dict[str, float] = {}
        self.host_label = 'instance'
        # What it was asked, in order.
        self.queries: ty.List[str] = []
        # Misbehaviour: seconds before the answer, status and body in place of it.
        self.delay_s = 0.0
        self.status = 200
        self.body: ty.Optional[bytes] = None
        served = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers['Content-Length'])
                form = urllib.parse.parse_qs(self.rfile.read(length).decode())
                served.queries.append(form['query'][0])
                time.sleep(served.delay_s)
                body = served.body if served.body is not None else json.dumps(served._answer()).encode()
                try:
                    self.send_response(served.status if self.path == '/api/v1/query' else 404)
                    self.send_header('Content-Length', str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:
                    # It waited for the answer no longer.
                    pass

            def log_message(self, *args: ty.Any) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.url = f'http://127.0.0.1:{self._server.server_address[1]}'
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        # serve_forever selects, which under eventlet blocks everything where it was imported before the patching.
        while True:
            try:
                self._server.process_request(*self._server.get_request())
            except OSError:
                return

    def close(self) -> None:
        self._server.socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._server.server_close()

    def _answer(self) -> ty.Dict[str, ty.Any]:
        now = time.time()
        result = []
        for name, figures in self.hosts.items():
            scraped = {'scraped': now - self.ages_s.get(name, 0)}
            for key, value in {**scraped, **figures}.items():
                labels = dict(zip(('figure', 'tier', 'tenant'), key.split('__')))
                result.append({'metric': {self.host_label: name, **labels}, 'value': [now, str(value)]})
        return {'status': 'success', 'data': {'resultType': 'vector', 'result': result}}
