# SPDX-License-Identifier: Apache-2.0
"""The default query, asked of a real Prometheus that scrapes what hypertierd exports."""

import collections.abc
import http.server
import pathlib
import shutil
import socket
import subprocess
import threading
import time
import typing as ty

import pytest

from hypertier_nova import admission
from hypertier_nova import figures
from hypertier_nova import flavor
from hypertier_nova import pressure
from hypertier_nova import prometheus
from hypertier_nova import query

METRICS = '''\
hypertier_host_degraded 0
hypertier_host_maintenance 0
hypertier_host_tier_capacity_bytes{tier="fmem"} 1e10
hypertier_host_tier_capacity_bytes{tier="smem"} 4e10
hypertier_host_tier_reservation_bytes{tier="fmem"} 5e9
hypertier_host_tier_reservation_bytes{tier="smem"} 2e10
hypertier_host_tier_charged_bytes{tier="fmem"} 6e9
hypertier_host_tier_charged_bytes{tier="smem"} 3e10
hypertier_host_tier_burst_bytes{tier="fmem"} 2e9
hypertier_host_tier_burst_bytes{tier="smem"} 0
hypertier_host_tier_missing_bytes{tier="fmem"} 1e9
hypertier_host_tier_missing_bytes{tier="smem"} 0
hypertier_host_fmem_hit_ratio 0.5
hypertier_tenant_tier_reservation_bytes{tenant="acme",tier="fmem"} 1e9
hypertier_tenant_tier_vms_reservation_bytes{tenant="acme",tier="fmem"} 2e9
hypertier_tenant_tier_limit_bytes{tenant="acme",tier="fmem"} 3e9
hypertier_vm_tier_charged_bytes{vm="1",tier="fmem"} 6e9
'''


class Exporter:
    def __init__(self) -> None:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(METRICS.encode())

            def log_message(self, *args: ty.Any) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={'poll_interval': 0.05})
        self.thread.start()

    def close(self) -> None:
        if self.thread.is_alive():
            self.server.shutdown()
            self.thread.join()
            self.server.server_close()


@pytest.fixture
def exporter() -> collections.abc.Iterator[Exporter]:
    server = Exporter()
    yield server
    server.close()


@pytest.fixture
def url(exporter: Exporter, tmp_path: pathlib.Path) -> collections.abc.Iterator[str]:
    program = shutil.which('prometheus')
    assert program, "install Debian's package prometheus"
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        listen = f'127.0.0.1:{free.getsockname()[1]}'
    target = f'127.0.0.1:{exporter.server.server_address[1]}'
    config = tmp_path / 'prometheus.yml'
    # As docs/openstack.md says: instance is the compute node as nova calls it.
    config.write_text(f'''
global: {{scrape_interval: 200ms}}
scrape_configs:
- job_name: hypertierd
  static_configs:
  - targets: ["{target}"]
    labels: {{instance: "compute-1:9841"}}
''')
    with open(tmp_path / 'log', 'wb') as log:
        process = subprocess.Popen([program, f'--config.file={config}', f'--storage.tsdb.path={tmp_path}/data',
                                    f'--web.listen-address={listen}'], stdout=log, stderr=log)
    try:
        yield f'http://{listen}'
    finally:
        process.terminate()
        process.wait(20)


def wait(until: ty.Callable[[], ty.Any]) -> ty.Any:
    deadline = time.monotonic() + 30
    while True:
        result = until()
        if result or time.monotonic() > deadline:
            assert result, 'not within 30 s'
            return result
        time.sleep(0.1)


def test_the_default_query_gives_every_figure_and_a_dead_hypertierd_is_gone(exporter: Exporter, url: str) -> None:
    def ask() -> ty.Union[None, str, figures.HostFigures]:
        try:
            hosts = prometheus.ask(url, query.DEFAULT_QUERY, 5, 'instance')
        except figures.AnswerError as error:
            return str(error)
        except OSError:
            return None
        assert set(hosts) == {'compute-1'}
        return hosts['compute-1']

    host = wait(lambda: isinstance(answer := ask(), figures.HostFigures) and answer)
    told = {'degraded': 0, 'maintenance': 0, 'hit_ratio': 0.5}
    assert {name: host.get(name) for name in told} == told
    assert host.get('capacity', 'smem') == 4e10 and host.get('reserved', 'fmem') == 5e9
    assert host.get('tenant_limit', 'fmem', 'acme') == 3e9
    assert set(query.FIGURES) - {'scraped'} == {name for name, _, _ in host._figures}
    assert 0 <= host.age_s < 5
    assert pressure.ease(host) == pytest.approx(0.5 * (4e9 + 1e9 - 1e9) / 1e10)
    vm = flavor.TieredFlavor(flavor.Tier(1024, 1024), flavor.Tier(64, 64))
    assert 'its limit is 2861 MiB' in admission.refusal(vm, 'acme', host)
    assert admission.refusal(vm, 'globex', host) is None

    exporter.close()
    assert 'is hypertierd scraped' in wait(lambda: isinstance(answer := ask(), str) and answer)
