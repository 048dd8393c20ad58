# SPDX-License-Identifier: Apache-2.0
"""A real Prometheus (Debian's) beside the lab: scrapes what a test tells it to, and evaluates our rules."""

import collections.abc
import json
import pathlib
import re
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request

from integration.hypertierd import free_port, until
from lab import paths

DEPLOYED = paths.REPO / 'deploy' / 'prometheus'
RULES = (DEPLOYED / 'rules' / 'recording.yml', DEPLOYED / 'rules' / 'alerts.yml')

# The kernel kills it when we end, however we end.
_WITH_US = ['setpriv', '--pdeathsig', 'KILL', '--']
# `for: 5m` and `[5m]`, which is all that rules have of time (and `offset 5m`, for the sake of it).
_DURATION = re.compile(r'(for: |interval: |offset |\[)(\d+)([smhd])(?=\s|\]|$)', re.MULTILINE)
_SECONDS = {'s': 1, 'm': 60, 'h': 3600, 'd': 86400}


class Prometheus:
    """One Prometheus with data of its own in `folder`. start() and stop() may be called over and over."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder / 'prometheus'
        self.folder.mkdir(parents=True, exist_ok=True)
        self.url = ''
        self.log = self.folder / 'prometheus.log'
        self.process: subprocess.Popen | None = None

    def start(self, targets: dict[str, dict[str, str]], rules: collections.abc.Iterable[pathlib.Path] = (),
              interval: str = '1s') -> None:
        """Scrapes `targets`, address -> label instance for each job, and evaluates rules, both each `interval`.

        Returns when it has scraped each of them once, whatever became of that.
        """
        program = shutil.which('prometheus')
        assert program, "install Debian's package prometheus"
        # JSON is YAML.
        config = {'global': {'scrape_interval': interval, 'scrape_timeout': interval, 'evaluation_interval': interval},
                  'rule_files': [str(path) for path in rules],
                  'scrape_configs': [
                      {'job_name': job, 'static_configs': [
                          {'targets': [address], 'labels': {'instance': instance}}
                          for address, instance in addresses.items()]}
                      for job, addresses in targets.items()]}
        file = self.folder / 'prometheus.yml'
        file.write_text(json.dumps(config, indent=1), encoding='utf-8')
        address = f'127.0.0.1:{free_port()}'
        self.url = f'http://{address}'
        with open(self.log, 'ab') as log:
            self.process = subprocess.Popen(
                [*_WITH_US, program, f'--config.file={file}', f'--storage.tsdb.path={self.folder / "data"}',
                 f'--web.listen-address={address}'], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd='/')
        until(self._ready, 60, 'Prometheus is ready', self.log_text)
        many = sum(len(addresses) for addresses in targets.values())
        until(lambda: len(self.query('up')) == many, 60, 'Prometheus has scraped everything', self.log_text)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)

    def query(self, expression: str) -> list[tuple[dict[str, str], float]]:
        """What an instant query says now: labels and value of each series; nothing where there is none."""
        result = self._get('query', query=expression)
        if result['resultType'] == 'scalar':
            return [({}, float(result['result'][1]))]
        return [(series['metric'], float(series['value'][1])) for series in result['result']]

    def range(self, expression: str, start: float, end: float,
              step: float) -> list[tuple[dict[str, str], list[tuple[float, float]]]]:
        """What a query says of a time, in seconds since the epoch: labels, and moments with values, of each series."""
        result = self._get('query_range', query=expression, start=str(start), end=str(end), step=str(step))
        return [(series['metric'], [(float(when), float(value)) for when, value in series['values']])
                for series in result['result']]

    def label_values(self, label: str, selector: str) -> list[str]:
        """Values of a label of the series that a selector finds."""
        return self._get(f'label/{label}/values', **{'match[]': selector})

    def alerts(self) -> dict[str, list[dict[str, str]]]:
        """Labels and annotations, in one, of each alert that fires, by the alert's name."""
        firing: dict[str, list[dict[str, str]]] = {}
        for alert in self._get('alerts')['alerts']:
            if alert['state'] == 'firing':
                firing.setdefault(alert['labels']['alertname'], []).append({**alert['annotations'], **alert['labels']})
        return firing

    def log_text(self) -> str:
        return self.log.read_text(encoding='utf-8', errors='replace')[-8000:]

    def _get(self, what: str, **parameters: str):
        url = f'{self.url}/api/v1/{what}?{urllib.parse.urlencode(parameters)}'
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                return json.load(answer)['data']
        except urllib.error.HTTPError as error:
            # It says in the body what is wrong with a query.
            raise AssertionError(f'{parameters or what}: {error.read().decode(errors="replace")}') from error

    def _ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f'Prometheus ended with {self.process.poll()}:\n{self.log_text()}'
        try:
            with urllib.request.urlopen(f'{self.url}/-/ready', timeout=2):
                return True
        except OSError:
            return False


def hurried(rules: collections.abc.Iterable[pathlib.Path], factor: float, folder: pathlib.Path) -> list[pathlib.Path]:
    """Copies of rule files, in `folder`, in which time goes so many times as fast.

    Each `for:` is so much shorter and at least 1 s; each range is at least 5 s, so that it holds some scrapes.
    """
    def shorter(found: re.Match) -> str:
        least = 5 if found[1] == '[' else 1
        return f'{found[1]}{max(least, round(int(found[2]) * _SECONDS[found[3]] / factor))}s'
    copies = []
    for path in rules:
        copy = folder / path.name
        copy.write_text(_DURATION.sub(shorter, path.read_text(encoding='utf-8')), encoding='utf-8')
        copies.append(copy)
    return copies
