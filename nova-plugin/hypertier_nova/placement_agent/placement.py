# SPDX-License-Identifier: Apache-2.0
"""The few calls of placement's API that the agent makes. Nothing is kept here."""

import dataclasses
import typing as ty
import urllib.parse

from keystoneauth1 import adapter
from keystoneauth1 import exceptions

from hypertier_nova.placement_agent import grants
from hypertier_nova.placement_agent import wanted

# Reserving all of a total (1.26, Rocky) is the newest thing that is needed.
MICROVERSION = '1.26'


class PlacementError(Exception):
    """It does not answer, or not as it should; in words."""


class Conflict(PlacementError):
    """Somebody else was first, or it is in use."""


class NotFound(PlacementError):
    """There is none."""


@dataclasses.dataclass(frozen=True)
class Provider:
    uuid: str
    parent: ty.Optional[str]


class Placement:
    """Every call is bounded by the session's timeout for each step, and raises PlacementError."""

    def __init__(self, client: adapter.Adapter, ended: ty.Callable[[], None] = lambda: None) -> None:
        """ended: called after each call, however it ended."""
        self._client = client
        self._ended = ended

    def find(self, name: str) -> ty.Optional[Provider]:
        query = urllib.parse.urlencode({'name': name})
        found = self._call('GET', f'/resource_providers?{query}', lambda body: [
            Provider(one['uuid'], one.get('parent_provider_uuid')) for one in body['resource_providers']])
        return found[0] if found else None

    def make(self, name: str, parent: str) -> Provider:
        return self._call('POST', '/resource_providers', lambda body: Provider(body['uuid'], parent),
                          {'name': name, 'parent_provider_uuid': parent})

    def delete(self, provider: str) -> None:
        self._call('DELETE', f'/resource_providers/{provider}')

    def make_class(self, name: str) -> None:
        self._call('PUT', f'/resource_classes/{name}')

    def make_trait(self, name: str) -> None:
        self._call('PUT', f'/traits/{name}')

    def inventories(self, provider: str) -> ty.Tuple[int, wanted.Inventories]:
        """With the provider's generation, which every change of it raises, as with the others below."""
        return self._call('GET', f'/resource_providers/{provider}/inventories', lambda body: (
            body['resource_provider_generation'], body['inventories']))

    def set_inventories(self, provider: str, generation: int, to: wanted.Inventories) -> int:
        return self._call('PUT', f'/resource_providers/{provider}/inventories',
                          lambda body: body['resource_provider_generation'],
                          {'resource_provider_generation': generation, 'inventories': to})

    def traits(self, provider: str) -> ty.Tuple[int, ty.Set[str]]:
        return self._call('GET', f'/resource_providers/{provider}/traits', lambda body: (
            body['resource_provider_generation'], set(body['traits'])))

    def set_traits(self, provider: str, generation: int, to: ty.Set[str]) -> int:
        return self._call('PUT', f'/resource_providers/{provider}/traits',
                          lambda body: body['resource_provider_generation'],
                          {'resource_provider_generation': generation, 'traits': sorted(to)})

    def allocations(self, provider: str) -> ty.Tuple[int, grants.Allocations]:
        return self._call('GET', f'/resource_providers/{provider}/allocations', lambda body: (
            body['resource_provider_generation'],
            {consumer: dict(one['resources']) for consumer, one in body['allocations'].items()}))

    def project_of(self, consumer: str) -> ty.Optional[str]:
        """None: it has no allocation."""
        return self._call('GET', f'/allocations/{consumer}', lambda body: (
            str(body['project_id']) if body['allocations'] else None))

    def _call(self, method: str, path: str, read: ty.Optional[ty.Callable[[ty.Any], ty.Any]] = None,
              body: ty.Any = None) -> ty.Any:
        what = f'placement: {method} {path}'
        try:
            answer = self._client.request(path, method, raise_exc=False, microversion=MICROVERSION,
                                          headers={'Accept': 'application/json'},
                                          **({} if body is None else {'json': body}))
        except exceptions.ClientException as error:
            raise PlacementError(f'{what}: {error}')
        finally:
            self._ended()
        if answer.status_code >= 300:
            kind = {404: NotFound, 409: Conflict}.get(answer.status_code, PlacementError)
            raise kind(f'{what}: HTTP {answer.status_code}: {_detail(answer)}')
        try:
            return read(answer.json()) if read is not None else None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise PlacementError(f'{what}: the answer is not that of placement ({error!r}); '
                                 'does endpoint_override lead to it?')


def _detail(answer: ty.Any) -> str:
    try:
        return ' '.join(answer.json()['errors'][0]['detail'].split())
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        return ' '.join(answer.text.split())[:200]
