# SPDX-License-Identifier: Apache-2.0
"""tierctl report, from a real Prometheus that was fed a scripted hour of two hosts. Needs no VM and no hypertierd."""

import collections.abc
import html.parser
import math
import pathlib
import re
import socket
import subprocess
import time
import urllib.error
import urllib.request
import xml.etree.ElementTree as ElementTree

import pytest

from integration.hypertierd import TIERCTL, until
from lab import paths

MIB = 1 << 20
GIB = 1 << 30
STEP = 15
WEB1 = '11111111-1111-1111-1111-111111111111'
EVIL = '22222222-2222-2222-2222-222222222222'
EVIL_NAME = '<script>alert("1")</script>'
DB1 = '33333333-3333-3333-3333-333333333333'
# Minutes in which web1's host was not scraped.
GAP = range(20, 30)
SVG = '{http://www.w3.org/2000/svg}'


def between(minute: float, first: float, last: float) -> bool:
    return first <= minute < last


def escape(value: str) -> str:
    return value.replace('\\', r'\\').replace('"', r'\"').replace('\n', r'\n')


def vm_series(vm: str, name: str, tenant: str, fmem: int, minute: float) -> collections.abc.Iterator[tuple]:
    yield 'hypertier_vm_info', {'vm': vm, 'name': name, 'tenant': tenant}, 1
    for tier, size in (('fmem', fmem), ('smem', 4 * fmem)):
        of = {'vm': vm, 'tier': tier}
        shrunk = vm == WEB1 and tier == 'fmem' and minute >= 30
        yield 'hypertier_vm_tier_target_bytes', of, size // 2 if shrunk else size
        yield 'hypertier_vm_tier_resident_bytes', of, size // 2
        yield 'hypertier_vm_tier_charged_bytes', of, size
        yield 'hypertier_vm_tier_reservation_bytes', of, size // 4
        missing = vm == WEB1 and tier == 'fmem' and between(minute, 40, 46)
        yield 'hypertier_vm_tier_missing_bytes', of, 256 * MIB if missing else 0
        violating = vm == WEB1 and tier == 'fmem' and between(minute, 50, 53)
        yield 'hypertier_vm_tier_violating', of, int(violating)
    yield 'hypertier_vm_fmem_hit_ratio', {'vm': vm}, 0.5 + minute / 150
    yield 'hypertier_vm_memory_access_rate', {'vm': vm}, 1e6
    for percent, ratio in ((10, 0.4), (25, 0.6), (50, 0.8), (75, 0.9), (100, 0.95)):
        yield 'hypertier_vm_expected_hit_ratio', {'vm': vm, 'cell_percent': str(percent)}, ratio
    yield 'hypertier_vm_moved_bytes_total', {'vm': vm, 'how': 'exchange'}, int(minute * 10 * MIB)
    yield 'hypertier_vm_oom_deflates_total', {'vm': vm}, 0 if minute < 35 else 2
    yield 'hypertier_vm_placement_cpu_seconds_total', {'vm': vm, 'stage': 'sampling'}, minute * 60 * 0.02


def tenant_series(tenant: str, vms: int, fmem: int) -> collections.abc.Iterator[tuple]:
    yield 'hypertier_tenant_vms', {'tenant': tenant}, vms
    for tier, size in (('fmem', fmem), ('smem', 4 * fmem)):
        of = {'tenant': tenant, 'tier': tier}
        yield 'hypertier_tenant_tier_target_bytes', of, size
        yield 'hypertier_tenant_tier_resident_bytes', of, size // 2
        yield 'hypertier_tenant_tier_reservation_bytes', of, size // 4
        yield 'hypertier_tenant_tier_limit_bytes', of, 2 * size
        yield 'hypertier_tenant_tier_missing_bytes', of, 0


def host_series(minute: float) -> collections.abc.Iterator[tuple]:
    yield 'hypertier_build_info', {'version': '1'}, 1
    yield 'hypertier_host_fmem_hit_ratio', {}, 0.75
    for tier, size in (('fmem', 64 * GIB), ('smem', 256 * GIB)):
        of = {'tier': tier}
        for figure, share in (('capacity', 1), ('reservation', 0.25), ('charged', 0.5), ('free', 0.5),
                              ('target', 0.5), ('resident', 0.4), ('burst', 0.1), ('missing', 0)):
            yield f'hypertier_host_tier_{figure}_bytes', of, int(size * share)
        yield 'hypertier_compliance_vms', {**of, 'compliance': 'violating'}, int(between(minute, 50, 53))
    yield 'hypertier_operations_total', {'state': 'succeeded'}, int(minute / 10)


def node1(minute: float) -> collections.abc.Iterator[tuple]:
    yield from host_series(minute)
    yield from vm_series(WEB1, 'web1', 'acme', 4 * GIB, minute)
    yield from vm_series(EVIL, EVIL_NAME, 'acme', 2 * GIB, minute)
    yield from tenant_series('acme', 2, 6 * GIB)


def node2(minute: float) -> collections.abc.Iterator[tuple]:
    yield from host_series(minute)
    yield from vm_series(DB1, 'db1', 'globex', 8 * GIB, minute)
    yield from tenant_series('globex', 1, 8 * GIB)


def scripted_hour(end: int) -> str:
    """The last hour until `end`, as OpenMetrics: each family on its own."""
    families: dict[str, list[str]] = {}
    for at in range(end - 3600 - STEP, end + 1, STEP):
        minute = (at - (end - 3600)) / 60
        for instance, series in (('node-1', node1), ('node-2', node2)):
            if instance == 'node-1' and math.floor(minute) in GAP:
                continue
            for name, labels, value in series(max(minute, 0)):
                text = ','.join(f'{key}="{escape(of)}"' for key, of in {**labels, 'instance': instance}.items())
                families.setdefault(name, []).append(f'{name}{{{text}}} {value} {at}')
    lines = []
    for name, samples in families.items():
        kind = 'counter' if name.endswith('_total') else 'gauge'
        lines += [f'# TYPE {name.removesuffix("_total")} {kind}', *samples]
    return '\n'.join([*lines, '# EOF', ''])


def free_port() -> int:
    with socket.socket() as server:
        server.bind(('127.0.0.1', 0))
        return server.getsockname()[1]


@pytest.fixture(scope='module')
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> collections.abc.Iterator[str]:
    folder = tmp_path_factory.mktemp('prometheus')
    (folder / 'hour.txt').write_text(scripted_hour(int(time.time())), encoding='utf-8')
    subprocess.run(['promtool', 'tsdb', 'create-blocks-from', 'openmetrics', folder / 'hour.txt', folder / 'data'],
                   check=True, capture_output=True)
    (folder / 'prometheus.yml').write_text('{}\n', encoding='utf-8')
    address = f'127.0.0.1:{free_port()}'
    with open(folder / 'log', 'wb') as log:
        process = subprocess.Popen(
            ['prometheus', f'--config.file={folder}/prometheus.yml', f'--storage.tsdb.path={folder}/data',
             f'--web.listen-address={address}'], stdout=log, stderr=log)

    def ready() -> bool:
        try:
            return urllib.request.urlopen(f'http://{address}/-/ready', timeout=2).status == 200
        except (urllib.error.URLError, OSError):
            return False
    try:
        until(ready, 30, 'Prometheus is ready', lambda: (folder / 'log').read_text(encoding='utf-8'))
        yield f'http://{address}'
    finally:
        process.terminate()
        process.wait(20)


def report(*arguments: object) -> subprocess.CompletedProcess:
    return subprocess.run([TIERCTL, 'report', *map(str, arguments)], capture_output=True, encoding='utf-8', timeout=60)


def made(tmp_path: pathlib.Path, prometheus: str, *arguments: object, file: str = 'report.html') -> ElementTree.Element:
    """The report, which is well-formed: its root."""
    path = tmp_path / file
    run = report(*arguments, '--prometheus', prometheus, '--output', path)
    assert run.returncode == 0 and run.stdout.strip() == str(path), run
    text = path.read_text(encoding='utf-8')
    assert '<script' not in text
    return ElementTree.fromstring(text)


def tables(root: ElementTree.Element) -> dict[str, list[str]]:
    """All rows of figures by their names."""
    rows = {}
    for row in root.iter('{http://www.w3.org/1999/xhtml}tr'):
        cells = [''.join(cell.itertext()) for cell in row]
        rows[cells[0]] = cells[1:]
    return rows


def charts(root: ElementTree.Element) -> dict[str, ElementTree.Element]:
    return {svg.find(f'{SVG}title').text: svg for svg in root.iter(f'{SVG}svg')}


def paths_of(chart: ElementTree.Element, look: str) -> list[str]:
    return [path.get('d') for path in chart.iter(f'{SVG}path') if path.get('class') == f'{look} line' and
            'L' in path.get('d')]


def minutes(text: str) -> float:
    assert text.endswith(' min'), text
    return float(text.removesuffix(' min'))


def test_a_vm(tmp_path: pathlib.Path, prometheus: str) -> None:
    root = made(tmp_path, prometheus, 'vm', 'web1')
    rows = tables(root)
    mean, least, most, last = rows['FMEM target']
    assert (least, most, last) == ('2 GiB', '4 GiB', '2 GiB')
    # Half of the time each, but for what was not scraped (and not bridged).
    assert 2.8 < float(mean.removesuffix(' GiB')) < 3.0
    assert rows['FMEM reservation'] == ['1 GiB'] * 4
    assert rows['SMEM resident'] == ['8 GiB'] * 4
    assert 'FMEM limit' not in rows
    assert minutes(rows['FMEM below what is reserved and wanted'][0]) == pytest.approx(6, abs=0.5)
    assert minutes(rows['SMEM below what is reserved and wanted'][0]) == 0
    assert minutes(rows['FMEM violating'][0]) == pytest.approx(3, abs=0.5)
    assert rows['FMEM hit ratio'][3] == '90.0 %'
    moved = rows['Moved between the tiers by exchange'][0]
    assert float(moved.removesuffix(' MiB')) == pytest.approx(600, rel=0.02)
    assert float(rows['Times a guest ran out of memory and took some back'][0]) == pytest.approx(2, abs=0.1)
    shown = charts(root)
    assert {'FMEM', 'SMEM', 'FMEM hit ratio', 'Hotness, as last known', 'CPU time of placement'} == set(shown)
    # A gap of ten minutes, of which Prometheus bridges five.
    [line] = paths_of(shown['FMEM'], 'target')
    assert line.count('M') == 2
    assert len(list(shown['Hotness, as last known'].iter(f'{SVG}circle'))) == 5
    assert 'web1' in root.find('.//{http://www.w3.org/1999/xhtml}h1').text


def test_a_tenant_with_its_vms(tmp_path: pathlib.Path, prometheus: str) -> None:
    root = made(tmp_path, prometheus, 'tenant', 'acme')
    rows = tables(root)
    assert rows['FMEM target'] == ['6 GiB'] * 4
    assert rows['SMEM limit'] == ['48 GiB'] * 4
    assert rows['FMEM hit ratio'][3] == '90.0 %'
    assert minutes(rows['FMEM with a VM violating'][0]) == pytest.approx(3, abs=0.5)
    moved = float(rows['Moved between the tiers by exchange'][0].removesuffix(' GiB'))
    assert moved == pytest.approx(2 * 600 / 1024, rel=0.02)
    stacked = charts(root)['FMEM resident, by VM']
    legend = [text.text for text in stacked.iter(f'{SVG}text')][:2]
    # The larger one first, and what a guest is called is text.
    assert legend == ['web1', EVIL_NAME]


def test_a_host(tmp_path: pathlib.Path, prometheus: str) -> None:
    root = made(tmp_path, prometheus, 'host', '--instance', 'node-2')
    rows = tables(root)
    for name, size in (('capacity', '64 GiB'), ('reserved', '16 GiB'), ('charged', '32 GiB'), ('free', '32 GiB')):
        assert rows[f'FMEM {name}'] == [size] * 4
    assert float(rows['Resizes that succeeded'][0]) == pytest.approx(6, abs=0.2)
    assert {'FMEM: room', 'SMEM: room'} <= set(charts(root))
    assert paths_of(charts(root)['FMEM: room'], 'charged')


@pytest.mark.parametrize('of', [['host', '--instance', 'node-1'], ['tenant', 'acme'], ['vm', EVIL]])
def test_one_picture_instead_of_a_page(tmp_path: pathlib.Path, prometheus: str, of: list[str]) -> None:
    root = made(tmp_path, prometheus, *of, '--last', '30m', file='report.svg')
    assert root.tag == f'{SVG}svg'
    text = ' '.join(root.itertext())
    assert 'FMEM target' in text and 'Figures' in text
    # Everything is inside.
    bottom = max(float(element.get('y')) for element in root.iter(f'{SVG}text'))
    assert bottom < float(root.get('height'))


def test_pages_are_html_that_holds_together(tmp_path: pathlib.Path, prometheus: str) -> None:
    made(tmp_path, prometheus, 'vm', EVIL)
    text = (tmp_path / 'report.html').read_text(encoding='utf-8')
    opened = []

    class Parser(html.parser.HTMLParser):
        def handle_starttag(self, tag: str, _attributes: list) -> None:
            opened.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert opened.pop() == tag

    Parser().feed(text)
    assert opened == []
    outside = re.findall(r'(?:src|href|url)\s*[=(]', text)
    assert outside == []


def test_what_goes_wrong_is_said_with_the_remedy(tmp_path: pathlib.Path, prometheus: str) -> None:
    output = ['--output', tmp_path / 'x.html']
    nobody = f'http://127.0.0.1:{free_port()}'
    cases = [
        (['host', '--prometheus', prometheus], 2, ['--instance', 'node-1, node-2']),
        (['host', 'node-1', '--prometheus', prometheus], 2, ['--instance node-1']),
        (['vm', '--prometheus', prometheus], 2, ['report vm NAME']),
        (['vm', 'nope', '--prometheus', prometheus], 3, ['no VM "nope"', 'web1', 'db1']),
        (['vm', 'db1', '--instance', 'node-1', '--prometheus', prometheus], 3, ['no VM "db1" on node-1']),
        (['tenant', 'nope', '--prometheus', prometheus], 3, ['no tenant "nope"', 'acme, globex']),
        (['host', '--instance', 'node-3', '--prometheus', prometheus], 3, ['node-3', 'node-1, node-2']),
        (['vm', 'web1', '--last', 'soon', '--prometheus', prometheus], 2, ['--last', '1h']),
        (['vm', 'web1', '--prometheus', nobody], 5, [nobody, '--prometheus']),
        (['vm', 'web1', '--prometheus', 'file:///etc/passwd'], 2, ['--prometheus', 'http://']),
        (['vm', 'web1', '--prometheus', f'{prometheus}/graph'], 5, ['is no Prometheus']),
    ]
    for arguments, status, texts in cases:
        run = report(*arguments, *output)
        assert run.returncode == status, run
        assert all(text in run.stderr for text in texts), run
    assert list(tmp_path.iterdir()) == []


def test_a_report_is_overwritten_only_with_force(tmp_path: pathlib.Path, prometheus: str) -> None:
    path = tmp_path / 'report.html'
    path.write_text('mine', encoding='utf-8')
    arguments = ['vm', 'web1', '--prometheus', prometheus, '--output', path]
    run = report(*arguments)
    assert run.returncode == 4 and '--force' in run.stderr, run
    assert path.read_text(encoding='utf-8') == 'mine'
    assert report(*arguments, '--force').returncode == 0
    assert 'web1' in path.read_text(encoding='utf-8')


def test_every_metric_of_reports_is_documented() -> None:
    documented = (paths.REPO / 'docs' / 'metrics.md').read_text(encoding='utf-8')
    used = set()
    for source in (paths.REPO / 'host-service' / 'tierctl' / 'report').glob('*.cc'):
        if not source.name.endswith('_test.cc'):
            used |= set(re.findall(r'"(hypertier_[a-z_]+)"', source.read_text(encoding='utf-8')))
    assert len(used) > 30
    assert [name for name in sorted(used) if not re.search(rf'\b{name}\b', documented)] == []
