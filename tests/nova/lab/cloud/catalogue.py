# SPDX-License-Identifier: Apache-2.0
"""What keystone has to know: services and where they are, their users, two ordinary tenants, and limits."""

import typing as ty

import openstack

from cloud import place

TENANTS = ('acme', 'globex')
_SERVICE_USERS = ('nova', 'glance', 'placement', 'hypertier')
# What any project may have, until somebody says more of it. Of memory in tiers nothing: it is sold.
DEFAULT_LIMITS = {
    'class:CUSTOM_FMEM_MB': 0, 'class:CUSTOM_SMEM_MB': 0, 'class:VCPU': 20, 'class:MEMORY_MB': 20480,
    'class:DISK_GB': 100, 'servers': 10, 'server_metadata_items': 128, 'server_injected_files': 5,
    'server_injected_file_content_bytes': 10240, 'server_injected_file_path_bytes': 255, 'server_key_pairs': 100,
    'server_groups': 10, 'server_group_members': 10}


def connect(auth_url: str, user: str, project: str, password: str) -> openstack.connection.Connection:
    return openstack.connect(auth_url=auth_url, username=user, project_name=project, password=password,
                             user_domain_name='Default', project_domain_name='Default', region_name=place.REGION,
                             compute_default_microversion='2.90', placement_default_microversion='1.28',
                             load_yaml_config=False, load_envvars=False)


class Catalogue:
    def __init__(self, admin: openstack.connection.Connection, password: str) -> None:
        self.identity = admin.identity
        self._password = password
        self.projects: dict[str, str] = {}
        self._nova = ''
        self.limits: dict[str, str] = {}

    def fill(self, urls: ty.Mapping[str, str]) -> str:
        """urls: by type of service. Returns the ID of nova's endpoint."""
        endpoint_id = ''
        for kind, url in urls.items():
            service = self.identity.create_service(name=kind, type=kind)
            endpoint = self.identity.create_endpoint(service_id=service.id, interface='public', url=url,
                                                     region_id=place.REGION)
            if kind == 'compute':
                endpoint_id, self._nova = endpoint.id, service.id
        roles = {role.name: role.id for role in self.identity.roles()}
        project = self.identity.create_project(name='service', domain_id='default')
        for name in _SERVICE_USERS:
            user = self._user(name)
            self._grant(project.id, user, roles['admin'])
            if name == 'nova':
                # It reads everybody's limits.
                self._ok(self.identity.put(f'/system/users/{user}/roles/{roles["reader"]}'))
        for name in TENANTS:
            self.projects[name] = self.identity.create_project(name=name, domain_id='default').id
            self._grant(self.projects[name], self._user(name), roles['member'])
        self._register_limits()
        return endpoint_id

    def limit(self, tenant: str, resource: str, most: int) -> None:
        """What a tenant may have of a resource, in place of what was said before."""
        known = self.limits.get(f'{tenant} {resource}')
        if known:
            self._ok(self.identity.patch(f'/limits/{known}', json={'limit': {'resource_limit': most}}))
            return
        answer = self.identity.post('/limits', json={'limits': [{
            'service_id': self._nova, 'region_id': place.REGION, 'project_id': self.projects[tenant],
            'resource_name': resource, 'resource_limit': most}]})
        self._ok(answer)
        self.limits[f'{tenant} {resource}'] = answer.json()['limits'][0]['id']

    def _register_limits(self) -> None:
        self._ok(self.identity.post('/registered_limits', json={'registered_limits': [
            {'service_id': self._nova, 'region_id': place.REGION, 'resource_name': name, 'default_limit': most}
            for name, most in DEFAULT_LIMITS.items()]}))

    def _user(self, name: str) -> str:
        return self.identity.create_user(name=name, password=self._password, domain_id='default').id

    def _grant(self, project: str, user: str, role: str) -> None:
        self._ok(self.identity.put(f'/projects/{project}/users/{user}/roles/{role}'))

    @staticmethod
    def _ok(answer: ty.Any) -> None:
        if answer.status_code >= 300:
            raise RuntimeError(f'keystone: {answer.status_code}: {answer.text}')
