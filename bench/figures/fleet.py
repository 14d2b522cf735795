"""Two hundred nodes with a million ranges (`crdbsim fleet`): a scrape, memory, and what is asked of the nodes."""

import contextlib
import subprocess
import tempfile
import types

from cluster import HOST, cockroach_binary, exporter, free_ports
from local.processes import port_is_free, wait_until
from wire import state

from .figure import Figure, percentile
from .relay import Relay, Statements
from .system import rss_mb, scrape_times


def run_of_ports(count):
    """The first of so many free ports in a row."""
    while True:
        [first] = free_ports(1)
        if all(port_is_free(port) for port in range(first, first + count)):
            return first


@contextlib.contextmanager
def fleet(nodes, ranges):
    """SQL ports and HTTP ports."""
    sql, http = run_of_ports(nodes), run_of_ports(nodes)
    child = subprocess.Popen([cockroach_binary(), "fleet", f"--nodes={nodes}", f"--ranges={ranges}", f"--sql-port={sql}",
                              f"--http-port={http}"], stdout=subprocess.PIPE, text=True)
    try:
        assert "nodes alive" in child.stdout.readline(), "the fleet does not start"
        yield range(sql, sql + nodes), range(http, http + nodes)
    finally:
        child.terminate()
        child.wait(10)


@contextlib.contextmanager
def watched(sql, http):
    """The exporter, which reaches every node's SQL port through a relay that counts."""
    doors = [Relay(f"{HOST}:{port}", Statements) for port in sql]
    nodes = [types.SimpleNamespace(address=door.address, http_address=f"{HOST}:{port}") for door, port in zip(doors, http)]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        daemon = exporter(directory, nodes).start(ready="/-/ready", seconds=60)
        try:
            yield daemon, doors
        finally:
            daemon.stop()
            for door in doors:
                door.close()


def all_counted(daemon, nodes):
    told = state(daemon)["nodes"]
    return len(told) == nodes and all(node["ranges"] for node in told)


def measure(build, quick=False):
    nodes, ranges, seconds = (20, 100_000, 20) if quick else (200, 1_000_000, 120)
    with fleet(nodes, ranges) as (sql, http), watched(sql, http) as (daemon, doors):
        name = f"{nodes} nodes, {ranges:,} ranges"
        assert wait_until(lambda: all_counted(daemon, nodes), 120, every=0.5), "not every node is counted"
        # Starting is an event, and for 30 s after one the exporter looks more often: that is not rest.
        wait_until(lambda: False, 45)
        asked = sum(door.totals()["asked"] for door in doors)
        wait_until(lambda: False, seconds)
        asked = sum(door.totals()["asked"] for door in doors) - asked
        yield Figure(f"{name}: SQL statements per node and second", asked / seconds / nodes, "", 1, f"over {seconds} s")
        times, failures = scrape_times(types.SimpleNamespace(exporter=daemon), 50 if quick else 500)
        yield Figure(f"{name}: scrape, median", 1000 * percentile(times, 0.5), "ms")
        yield Figure(f"{name}: scrape, p99", 1000 * percentile(times, 0.99), "ms", 50, f"{len(times)} times")
        yield Figure(f"{name}: scrape, failures", failures, "", 0)
        yield Figure(f"{name}: RSS", rss_mb(daemon.process.pid), "MB", 150)
