# SPDX-License-Identifier: Apache-2.0
"""What hypertierd is told of placement's allocations."""

import uuid


def test_allocations_become_grants_as_they_come_and_go(host, placement) -> None:
    host.until(lambda: host.hypertierd.grants == {}, 'none yet')
    one = placement.claim(host.name, 256, 768, 'acme')
    two = placement.claim(host.name, 512, 1536, 'globex')
    host.until(lambda: host.hypertierd.grants == {one: ('acme', 256, 768), two: ('globex', 512, 1536)}, 'both')
    placement.release(one)
    host.until(lambda: host.hypertierd.grants == {two: ('globex', 512, 1536)}, 'one is gone')
    assert host.hypertierd.actors == {'hypertier-placement'}


def test_both_claims_of_a_migration_on_one_host_count(host, placement) -> None:
    # A resize to the same host: the server's own UUID holds the new flavor, that of the migration the old one.
    server, migration = str(uuid.uuid4()), str(uuid.uuid4())
    placement.claim(host.name, 256, 768, consumer=migration)
    placement.claim(host.name, 512, 1536, consumer=server)
    host.until(lambda: host.hypertierd.grants == {migration: ('acme', 256, 768), server: ('acme', 512, 1536)}, 'both')
    placement.release(migration)
    host.until(lambda: host.hypertierd.grants == {server: ('acme', 512, 1536)}, 'it was confirmed')


def test_what_others_hold_of_the_provider_is_no_grant(host, placement) -> None:
    placement.call('PUT', '/resource_classes/CUSTOM_OTHER')
    own = placement.provider(host.name)
    placement.call('PUT', f"/resource_providers/{own['uuid']}/inventories/CUSTOM_OTHER".rsplit('/', 1)[0], {
        'resource_provider_generation': own['generation'],
        'inventories': {**placement.inventories(host.name), 'CUSTOM_OTHER': {'total': 5}}})
    placement.call('PUT', f'/allocations/{uuid.uuid4()}', {
        'allocations': {own['uuid']: {'resources': {'CUSTOM_OTHER': 1}}}, 'project_id': 'acme', 'user_id': 'x',
        'consumer_generation': None})
    host.hypertierd.fmem_mb = 2048
    host.until(lambda: placement.totals(host.name).get('CUSTOM_FMEM_MB') == 2048, 'inventories are kept')
    host.rounds()
    assert host.hypertierd.grants == {} and placement.totals(host.name)['CUSTOM_OTHER'] == 5


def test_a_hypertierd_that_lost_its_grants_is_told_again(host, placement) -> None:
    consumer = placement.claim(host.name, 256, 768)
    host.until(lambda: host.hypertierd.grants, 'told')
    host.hypertierd.stop()
    host.hypertierd.grants = None
    host.hypertierd.start()
    host.until(lambda: host.hypertierd.grants == {consumer: ('acme', 256, 768)}, 'told again')


def test_an_agent_that_was_killed_goes_on_where_it_was(host, placement) -> None:
    one = placement.claim(host.name, 256, 768)
    host.until(lambda: host.hypertierd.grants, 'told')
    host.agent.stop(9)
    placement.release(one)
    two = placement.claim(host.name, 1, 2)
    uuid_before = placement.provider(host.name)['uuid']
    host.agent.start()
    host.until(lambda: host.hypertierd.grants == {two: ('acme', 1, 2)}, 'told again')
    assert placement.provider(host.name)['uuid'] == uuid_before


def test_placement_is_the_truth_also_when_it_says_that_there_is_nothing(host, placement) -> None:
    consumer = placement.claim(host.name, 256, 768)
    host.until(lambda: host.hypertierd.grants, 'told')
    placement.release(consumer)
    host.until(lambda: host.hypertierd.grants == {}, 'told')
