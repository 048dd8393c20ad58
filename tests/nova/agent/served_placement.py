# SPDX-License-Identifier: Apache-2.0
"""The real placement, on its own fixtures, served over HTTP; it misbehaves when told to."""

import json
import socketserver
import threading
import time
import typing as ty
import urllib.error
import urllib.request
import uuid
from wsgiref import simple_server

from placement import deploy
from placement.tests.functional.fixtures import placement

MICROVERSION = '1.30'
_TEST = 'X-Of-The-Test'


class _Server(socketserver.ThreadingMixIn, simple_server.WSGIServer):
    daemon_threads = True
    # Requests that were made to hang may do so beyond a test's end.
    block_on_close = False


class _Handler(simple_server.WSGIRequestHandler):
    def log_message(self, *args: ty.Any) -> None:
        pass


class ServedPlacement:
    """Requests of the test itself (get, put, ...) are never made to fail."""

    def __init__(self) -> None:
        self._fixture = placement.PlacementFixture(use_intercept=False)
        self._fixture.setUp()
        self._app = deploy.loadapp(self._fixture.conf_fixture.conf)
        # Its database is in memory, and has one connection.
        self._one_at_a_time = threading.Lock()
        # Misbehaviour: status in place of an answer, seconds before it, for paths that contain `only`.
        self.fail: ty.Optional[str] = None
        self.delay_s = 0.0
        self.only = ''
        # Called before a request of others gets through, with method and path.
        self.before: ty.Callable[[str, str], None] = lambda method, path: None
        # What others asked, in order.
        self.requests: ty.List[ty.Tuple[str, str]] = []
        self._server: ty.Optional[_Server] = None
        self._port = 0
        self.start()
        self.url = f'http://127.0.0.1:{self._port}'

    def start(self) -> None:
        self._server = simple_server.make_server('127.0.0.1', self._port, self._serve, _Server, _Handler)
        self._port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Connections are refused from then on."""
        self._server.shutdown()
        self._server.server_close()

    def close(self) -> None:
        self.stop()
        self._fixture.cleanUp()

    def _serve(self, environ: ty.Dict[str, ty.Any], start_response: ty.Callable) -> ty.Iterable[bytes]:
        if f'HTTP_{_TEST.upper().replace("-", "_")}' not in environ:
            method, path = environ['REQUEST_METHOD'], environ['PATH_INFO']
            self.requests.append((method, path))
            self.before(method, path)
            if self.only in path:
                time.sleep(self.delay_s)
                if self.fail is not None:
                    start_response(self.fail, [('Content-Type', 'text/html')])
                    return [b'<html>a proxy\nhas no placement</html>']
        with self._one_at_a_time:
            return list(self._app(environ, start_response))

    def call(self, method: str, path: str, body: ty.Any = None) -> ty.Any:
        request = urllib.request.Request(self.url + path, method=method, headers={
            'X-Auth-Token': 'admin', 'OpenStack-API-Version': f'placement {MICROVERSION}',
            'Content-Type': 'application/json', 'Accept': 'application/json', _TEST: 'yes'},
            data=None if body is None else json.dumps(body).encode())
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            raise AssertionError(f'{method} {path}: {error.code} {error.read().decode()}')
        return json.loads(text) if text else None

    def get(self, path: str) -> ty.Any:
        return self.call('GET', path)

    # Providers by their names.

    def make_node(self, name: str) -> str:
        """What nova-compute does; the UUID."""
        return self.call('POST', '/resource_providers', {'name': name})['uuid']

    def provider(self, name: str) -> ty.Optional[ty.Dict[str, ty.Any]]:
        found = self.get(f'/resource_providers?name={name}')['resource_providers']
        return found[0] if found else None

    def traits(self, name: str) -> ty.Set[str]:
        provider = self.provider(name)
        return set(self.get(f"/resource_providers/{provider['uuid']}/traits")['traits']) if provider else set()

    def inventories(self, name: str) -> ty.Dict[str, ty.Dict[str, ty.Any]]:
        provider = self.provider(name)
        return self.get(f"/resource_providers/{provider['uuid']}/inventories")['inventories'] if provider else {}

    def totals(self, name: str) -> ty.Dict[str, int]:
        return {one: inventory['total'] - inventory['reserved'] for one, inventory in self.inventories(name).items()}

    def add_trait(self, name: str, trait: str) -> None:
        """As another writer does."""
        self.call('PUT', f'/traits/{trait}')
        provider = self.provider(name)
        self.call('PUT', f"/resource_providers/{provider['uuid']}/traits", {
            'traits': sorted(self.traits(name) | {trait}), 'resource_provider_generation': provider['generation']})

    def claim(self, name: str, fmem_mb: int, smem_mb: int, project: str = 'acme', consumer: str = '') -> str:
        """What the scheduler does for a server; the consumer."""
        consumer = consumer or str(uuid.uuid4())
        self.call('PUT', f'/allocations/{consumer}', {
            'allocations': {self.provider(name)['uuid']: {'resources': {
                'CUSTOM_FMEM_MB': fmem_mb, 'CUSTOM_SMEM_MB': smem_mb}}},
            'project_id': project, 'user_id': 'somebody', 'consumer_generation': None})
        return consumer

    def release(self, consumer: str) -> None:
        self.call('DELETE', f'/allocations/{consumer}')
