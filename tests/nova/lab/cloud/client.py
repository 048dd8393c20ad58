# SPDX-License-Identifier: Apache-2.0
"""The `openstack` and `hypertier-flavor` commands, as one user has them."""

import json
import subprocess
import typing as ty

from cloud import place

# The newest that Debian's client knows.
_COMPUTE_API = '2.90'


class Refused(RuntimeError):
    """The command failed; its words."""


class Client:
    def __init__(self, here: place.Place, auth_url: str, user: str, project: str) -> None:
        self._here = here
        self.variables = {
            'OS_AUTH_URL': auth_url, 'OS_USERNAME': user, 'OS_PROJECT_NAME': project, 'OS_PASSWORD': here.password,
            'OS_USER_DOMAIN_NAME': 'Default', 'OS_PROJECT_DOMAIN_NAME': 'Default', 'OS_REGION_NAME': place.REGION,
            'OS_IDENTITY_API_VERSION': '3', 'OS_COMPUTE_API_VERSION': _COMPUTE_API, 'OS_PLACEMENT_API_VERSION': '1.28'}

    def rc(self) -> str:
        """To be sourced by a shell."""
        return ''.join(f'export {name}="{value}"\n' for name, value in self.variables.items())

    def run(self, *command: object, **environment: object) -> str:
        """What it prints. Raises Refused."""
        done = subprocess.run(command, env=self._here.environment(**self.variables, **environment), capture_output=True,
                              text=True, timeout=240, check=False)
        with open(self._here.logs / 'commands.log', 'a', encoding='utf-8') as log:
            log.write(f'$ {" ".join(map(str, command))}    # as {self.variables["OS_USERNAME"]}: {done.returncode}\n'
                      f'{done.stdout}{done.stderr}')
        if done.returncode != 0:
            raise Refused(done.stderr or done.stdout)
        return done.stdout

    def openstack(self, *command: str) -> str:
        return self.run('openstack', *command)

    def read(self, *command: str) -> ty.Any:
        """As JSON."""
        return json.loads(self.openstack(*command, '-f', 'json'))

    def flavor(self, *arguments: str) -> str:
        """hypertier-flavor."""
        return self.run('/usr/bin/python3', self._here.site / 'bin' / 'hypertier-flavor', *arguments,
                        PYTHONPATH=self._here.site)
