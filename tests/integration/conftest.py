import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tests/support")]

from cluster import BIN, Stand  # noqa: E402


def pytest_collection_modifyitems(items):
    missing = [name for name in ("crdbsim", "faultline-exporter", "faultline-chaosd") if not (BIN / name).exists()]
    if missing and any("docker" not in str(item.path) for item in items):
        raise pytest.UsageError(f"{BIN} has no {', '.join(missing)}: build first (tools/build_programs), or set FAULTLINE_BUILD")


@pytest.fixture
def stand(tmp_path):
    """Three nodes, chaosd and the exporter, for a test that breaks something."""
    with Stand(tmp_path) as running:
        yield running


@pytest.fixture(scope="module")
def healthy(tmp_path_factory):
    """The same, shared by the tests of one file, none of which breaks anything."""
    with Stand(tmp_path_factory.mktemp("healthy")) as running:
        yield running
