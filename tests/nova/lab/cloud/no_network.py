# SPDX-License-Identifier: Apache-2.0
"""In neutron's place: no networks, no ports. nova asks for a server's ports when it deletes or moves it."""

import http.server
import json
import threading


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        collection = self.path.partition('?')[0].rstrip('/').rpartition('/')[2].removesuffix('.json')
        body = json.dumps({collection: []}).encode()
        self.send_response(200)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: object) -> None:
        pass


class NoNetwork:
    def __init__(self) -> None:
        self._server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), _Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f'http://127.0.0.1:{self._server.server_address[1]}'

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
