# SPDX-License-Identifier: Apache-2.0
"""What the agent makes and keeps in placement."""

import time


def test_the_provider_is_nested_below_the_node_with_the_hosts_capacity(host, placement) -> None:
    node, own = placement.provider('compute-1'), placement.provider(host.name)
    assert own['parent_provider_uuid'] == own['root_provider_uuid'] == node['uuid']
    host.until(lambda: placement.totals(host.name), 'inventories')
    assert placement.inventories(host.name) == {
        'CUSTOM_FMEM_MB': {'total': 4096, 'reserved': 0, 'min_unit': 1, 'max_unit': 4096, 'step_size': 1,
                           'allocation_ratio': 1.0},
        'CUSTOM_SMEM_MB': {'total': 16384, 'reserved': 0, 'min_unit': 1, 'max_unit': 16384, 'step_size': 1,
                           'allocation_ratio': 1.0}}
    assert placement.traits(host.name) == {'CUSTOM_HYPERTIER'}
    # nova's own is nova's.
    assert placement.traits('compute-1') == set() and placement.inventories('compute-1') == {}


def test_it_waits_for_novas_provider(new_host, placement) -> None:
    host = new_host('compute-1')
    host.hypertierd.start()
    host.agent.start()
    host.says('nova-compute makes it when it first runs')
    assert placement.provider(host.name) is None and host.hypertierd.told == 0
    placement.make_node('compute-1')
    host.until(lambda: host.fit, 'the trait is there')


def test_inventory_follows_capacity_also_below_what_is_allocated(host, placement) -> None:
    consumer = placement.claim(host.name, 3000, 100)
    host.hypertierd.fmem_mb, host.hypertierd.smem_mb = 2000, 0
    host.until(lambda: placement.totals(host.name) == {'CUSTOM_FMEM_MB': 2000, 'CUSTOM_SMEM_MB': 0}, 'it is less')
    # What is allocated stays, and nothing more is.
    host.until(lambda: host.hypertierd.grants == {consumer: ('acme', 3000, 100)}, 'told')
    candidates = '/allocation_candidates?resources=CUSTOM_SMEM_MB:1'
    assert placement.get(candidates)['allocation_requests'] == []
    host.hypertierd.fmem_mb, host.hypertierd.smem_mb = 8192, 1
    host.until(lambda: placement.totals(host.name) == {'CUSTOM_FMEM_MB': 8192, 'CUSTOM_SMEM_MB': 1}, 'it is more')


def test_of_a_steady_host_one_thing_is_read_and_nothing_written(host, placement) -> None:
    host.rounds()
    placement.requests.clear()
    host.rounds(3)
    uuid = placement.provider(host.name)['uuid']
    assert set(placement.requests) == {('GET', f'/resource_providers/{uuid}/allocations')}


def test_another_writer_between_read_and_write_is_not_overwritten(host, placement) -> None:
    host.rounds()
    left = [1, 2, 3]
    said_before = len(host.agent.log())

    def meddle(method: str, path: str) -> None:
        if method == 'PUT' and path.endswith('/inventories') and left:
            placement.add_trait(host.name, f'CUSTOM_RACK_{left.pop()}')

    placement.before = meddle
    host.hypertierd.fmem_mb = 1000
    host.until(lambda: placement.totals(host.name).get('CUSTOM_FMEM_MB') == 1000, 'it is less')
    assert placement.traits(host.name) == {'CUSTOM_HYPERTIER', 'CUSTOM_RACK_1', 'CUSTOM_RACK_2', 'CUSTOM_RACK_3'}
    # All within one round: nobody is told of it.
    host.says('HTTP 409')
    assert 'WARNING' not in host.agent.log()[said_before:]


def test_a_trait_that_others_take_off_in_the_middle_of_a_round_is_put_back(host, placement) -> None:
    host.rounds()
    left = [1]

    def meddle(method: str, path: str) -> None:
        if method == 'GET' and path.endswith('/inventories') and left:
            left.pop()
            placement.call('DELETE', f"/resource_providers/{placement.provider(host.name)['uuid']}/traits")

    placement.before = meddle
    host.hypertierd.fmem_mb = 1000
    host.until(lambda: placement.totals(host.name).get('CUSTOM_FMEM_MB') == 1000, 'it is less')
    host.until(lambda: host.fit, 'the trait is back')


def test_what_others_change_of_it_is_put_right(host, placement) -> None:
    host.rounds()
    own = placement.provider(host.name)
    placement.call('DELETE', f"/resource_providers/{own['uuid']}/traits")
    host.until(lambda: host.fit, 'the trait is back')
    own = placement.provider(host.name)
    placement.call('DELETE', f"/resource_providers/{own['uuid']}")
    host.until(lambda: host.fit and len(placement.totals(host.name)) == 2, 'the provider is back')


def test_a_provider_of_that_name_elsewhere_is_told_and_left_alone(new_host, placement) -> None:
    host = new_host('compute-1')
    own, node = placement.make_node(host.name), placement.make_node('compute-1')
    host.hypertierd.start()
    done = host.agent.run('--once')
    assert done.returncode == 1 and f'--parent-provider {node} {own}' in done.stderr
    assert placement.totals(host.name) == {}


def test_one_that_was_made_by_hand_is_taken_over(new_host, placement) -> None:
    host = new_host('compute-1')
    node = placement.make_node('compute-1')
    made = placement.call('POST', '/resource_providers', {'name': host.name, 'parent_provider_uuid': node})
    host.hypertierd.start()
    done = host.agent.run('--once')
    assert done.returncode == 0, done.stderr
    assert placement.provider(host.name)['uuid'] == made['uuid'] and host.fit


def test_two_hosts_keep_their_own(new_host, placement) -> None:
    one, two = new_host('compute-1'), new_host('compute-2')
    two.hypertierd.fmem_mb = 1024
    one.start()
    two.start()
    a, b = placement.claim(one.name, 1, 2, 'acme'), placement.claim(two.name, 3, 4, 'globex')
    two.hypertierd.maintenance = 'new DIMMs'
    two.until(lambda: not two.fit and two.hypertierd.grants == {b: ('globex', 3, 4)}, 'two is as it should be')
    one.until(lambda: one.fit and one.hypertierd.grants == {a: ('acme', 1, 2)}, 'one is as it should be')
    assert placement.totals(one.name)['CUSTOM_FMEM_MB'] == 4096
    assert placement.totals(two.name)['CUSTOM_FMEM_MB'] == 1024


def test_classes_and_trait_are_made_when_placement_has_been_emptied_of_them(host, placement) -> None:
    assert {one['name'] for one in placement.get('/resource_classes')['resource_classes']} >= {
        'CUSTOM_FMEM_MB', 'CUSTOM_SMEM_MB'}
    uuid = placement.provider(host.name)['uuid']
    host.agent.stop()
    placement.call('DELETE', f'/resource_providers/{uuid}')
    for path in ('/resource_classes/CUSTOM_FMEM_MB', '/resource_classes/CUSTOM_SMEM_MB', '/traits/CUSTOM_HYPERTIER'):
        placement.call('DELETE', path)
    started = time.monotonic()
    assert host.agent.run('--once').returncode == 0
    assert host.fit and time.monotonic() - started < 10
