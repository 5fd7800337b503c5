"""Tests of a group run on one worker, one after the other: pytest and its plugin have to agree on how that is said."""

import os

import pytest

pytestmark = pytest.mark.xdist_group("groups")


def test_a_group_is_part_of_the_id_that_workers_are_given(request: pytest.FixtureRequest) -> None:
    if "PYTEST_XDIST_WORKER" not in os.environ:
        pytest.skip("one process runs all of them")
    assert request.node.nodeid.endswith("@groups")
