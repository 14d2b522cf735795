import os
import pathlib
import re
import sys
import threading
import time
import traceback
from concurrent.futures import CancelledError, ThreadPoolExecutor

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tests/support"), str(ROOT / "tests/states")]

from cell import Cell  # noqa: E402
from server import BIN, either, is_simulated, release  # noqa: E402
from table import RELEASES, SHORT, TABLE  # noqa: E402

# Most of a cell is waiting; a real cluster is busy meanwhile.
WORKERS = int(os.environ.get("FAULTLINE_STATES_AT_ONCE", either(8, 1)))
WHOLE = os.environ.get("FAULTLINE_STATES") == "all"


def releases():
    """The simulator plays them all; a real server is what it is."""
    if is_simulated():
        return RELEASES
    return ("{}.{}".format(*(release() or (22, 1))),)


def cells():
    """Row and release of those that are to run: all, or the few that `make test` has time for."""
    every = [(row, release) for row in TABLE for release in releases()]
    if WHOLE:
        return every
    rows = {name for name, _ in SHORT}
    return [(row, release) for row, release in every
            if ((row.name, release) in SHORT if is_simulated() else row.name in rows)]


class Cells:
    """All selected cells, several at a time; a test waits for its own."""

    def __init__(self):
        self.stopping = threading.Event()
        self.pool = ThreadPoolExecutor(WORKERS)
        self.futures, self.took = {}, {}

    def begin(self, row, release, directory):
        key = (row.name, release)
        self.futures[key] = self.pool.submit(self._run, key, Cell(row, release, directory, self.stopping))

    def _run(self, key, cell):
        began = time.monotonic()
        try:
            return cell.run()
        except Exception:  # noqa: BLE001 - a cell that could not be played is not true either
            return ["could not be played: " + traceback.format_exc()]
        finally:
            self.took[key] = time.monotonic() - began

    def wrong_of(self, row, release):
        try:
            return self.futures[(row.name, release)].result()
        except CancelledError:
            pytest.skip("stopped")

    def close(self):
        self.stopping.set()
        self.pool.shutdown(cancel_futures=True)


def pytest_configure():
    missing = [name for name in ("crdbsim", "faultline-exporter") if not (BIN / name).exists()]
    if missing:
        raise pytest.UsageError(f"{BIN} has no {', '.join(missing)}: build first (tools/build_programs), or set FAULTLINE_BUILD")


@pytest.fixture(scope="session")
def running(request, tmp_path_factory):
    import network

    cells = Cells()
    for item in request.session.items:
        asked = getattr(item, "callspec", None)
        if asked and "row" in asked.params and not (asked.params["row"].network and network.why_not()):
            cells.begin(asked.params["row"], asked.params["release"], tmp_path_factory.mktemp("cell"))
    yield cells
    cells.close()
    _took.update(cells.took)


_outcomes, _took = {}, {}


def pytest_runtest_logreport(report):
    name = re.search(r"\[(.*)-(\d+\.\d+)\]$", report.nodeid)
    if name and (report.when == "call" or report.outcome != "passed"):
        _outcomes[(name[1], name[2])] = {"passed": "true", "failed": "WRONG", "skipped": "not run"}[report.outcome]


def pytest_terminal_summary(terminalreporter):
    if not _outcomes:
        return
    shown = [release for release in releases() if any(key[1] == release for key in _outcomes)]
    width = max(len(row.name) for row in TABLE)
    terminalreporter.write_line("")
    terminalreporter.write_line(" " * width + "".join(f"{release:>9}" for release in shown))
    for row in TABLE:
        line = [_outcomes.get((row.name, release), "") for release in shown]
        if any(line):
            terminalreporter.write_line(f"{row.name:{width}}" + "".join(f"{outcome or '-':>9}" for outcome in line))
    counts = [list(_outcomes.values()).count(outcome) for outcome in ("true", "WRONG", "not run")]
    terminalreporter.write_line("{} cells true, {} wrong, {} not run".format(*counts))
    if _took:
        seconds = sorted(_took.values())
        terminalreporter.write_line(f"{WORKERS} at a time; a cell took {seconds[0]:.0f} to {seconds[-1]:.0f} s")
