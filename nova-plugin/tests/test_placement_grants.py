# SPDX-License-Identifier: Apache-2.0
import typing as ty

import pytest

from hypertier_nova.placement_agent import grants

ONE, TWO = '0c9d1f2a-0000-4000-8000-000000000001', '0c9d1f2a-0000-4000-8000-000000000002'


class Projects:
    """Answers which project a consumer is of, and counts the questions."""

    def __init__(self, **of: str) -> None:
        self.of: ty.Dict[str, ty.Optional[str]] = {ONE: 'a', TWO: 'b', **of}
        self.asked: ty.List[str] = []

    def __call__(self, consumer: str) -> ty.Optional[str]:
        self.asked.append(consumer)
        if self.of[consumer] == 'unreadable':
            raise OSError('placement is down')
        return self.of[consumer]


def test_an_allocation_is_a_grant_to_the_domain_of_that_uuid() -> None:
    got = grants.Reader(Projects()).read({
        TWO: {'CUSTOM_SMEM_MB': 8}, ONE: {'CUSTOM_FMEM_MB': 256, 'CUSTOM_SMEM_MB': 768, 'CUSTOM_OTHER': 9}})
    assert got == (grants.Grant(ONE, 'a', 256, 768), grants.Grant(TWO, 'b', 0, 8))


def test_projects_are_asked_for_once_and_amounts_followed() -> None:
    projects = Projects()
    reader = grants.Reader(projects)
    for _ in range(3):
        reader.read({ONE: {'CUSTOM_FMEM_MB': 1}, TWO: {'CUSTOM_FMEM_MB': 2}})
    assert projects.asked == [ONE, TWO]
    assert reader.read({ONE: {'CUSTOM_FMEM_MB': 4}}) == (grants.Grant(ONE, 'a', 4, 0),)
    # One that went and came again may be another's.
    projects.of[TWO] = 'c'
    assert reader.read({TWO: {'CUSTOM_FMEM_MB': 2}}) == (grants.Grant(TWO, 'c', 2, 0),)


def test_an_allocation_that_went_between_two_reads_is_no_grant() -> None:
    assert grants.Reader(Projects(**{ONE: None})).read({ONE: {'CUSTOM_FMEM_MB': 1}}) == ()


def test_what_cannot_be_read_is_raised_and_changes_nothing() -> None:
    projects = Projects()
    reader = grants.Reader(projects)
    reader.read({ONE: {'CUSTOM_FMEM_MB': 1}})
    projects.of[TWO] = 'unreadable'
    with pytest.raises(OSError):
        reader.read({ONE: {'CUSTOM_FMEM_MB': 1}, TWO: {'CUSTOM_FMEM_MB': 1}})
    projects.of[TWO] = 'b'
    assert len(reader.read({ONE: {'CUSTOM_FMEM_MB': 1}, TWO: {'CUSTOM_FMEM_MB': 1}})) == 2


def test_a_read_that_fails_half_way_goes_on_where_it_was() -> None:
    projects = Projects()
    reader = grants.Reader(projects)
    projects.of[TWO] = 'unreadable'
    both = {ONE: {'CUSTOM_FMEM_MB': 1}, TWO: {'CUSTOM_FMEM_MB': 2}}
    for _ in range(2):
        with pytest.raises(OSError):
            reader.read(both)
    assert projects.asked == [ONE, TWO, TWO]
    # One that was read, went, and came again may be another's.
    with pytest.raises(OSError):
        reader.read({TWO: both[TWO]})
    projects.of.update({ONE: 'c', TWO: 'b'})
    assert reader.read(both) == (grants.Grant(ONE, 'c', 1, 0), grants.Grant(TWO, 'b', 2, 0))


@pytest.mark.parametrize('project, other, tenant', [('a', 'a', 'a'), ('a', 'a/b', 'a'), ('a', 'c', '')])
def test_consumers_that_are_one_uuid_are_one_grant(project: str, other: str, tenant: str) -> None:
    same = ONE.upper()
    got = grants.Reader(Projects(**{ONE: project, same: other})).read({
        ONE: {'CUSTOM_FMEM_MB': 1, 'CUSTOM_SMEM_MB': 2}, same: {'CUSTOM_FMEM_MB': 4}, TWO: {'CUSTOM_SMEM_MB': 8}})
    assert got == (grants.Grant(ONE, tenant, 5, 2), grants.Grant(TWO, 'b', 0, 8))


@pytest.mark.parametrize('project', ['', 'a b', 'ä', 'x' * 129, 'a/b', 'a\n'])
def test_a_project_that_hypertierd_would_refuse_is_left_out_and_the_grant_stays(project: str, caplog) -> None:
    assert grants.grant(ONE, project, {'CUSTOM_FMEM_MB': 1}) == grants.Grant(ONE, '', 1, 0)
    assert 'cannot be a tenant' in caplog.text


def test_uuids_are_written_as_libvirt_has_them_and_others_left_out(caplog) -> None:
    assert grants.grant(ONE.replace('-', '').upper(), 'a', {}) == grants.Grant(ONE, 'a', 0, 0)
    assert grants.grant('web-1', 'a', {}) is None and 'web-1: left out' in caplog.text
