"""The exporter tells the truth in every state of the cluster: one test for each cell of table.py."""

import pytest

import network
from conftest import cells


@pytest.mark.parametrize("row, release", [pytest.param(row, release, id=f"{row.name}-{release}") for row, release in cells()])
def test_what_is_told_is_true(running, row, release):
    if row.network and network.why_not():
        pytest.skip(network.why_not())
    wrong = running.wrong_of(row, release)
    assert not wrong, "\n".join(wrong)
