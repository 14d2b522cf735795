"""What watching costs the cluster: statements, requests and bytes per node and minute, counted outside the exporter."""

import contextlib
import tempfile
import types

from cluster import Cluster, exporter
from local.processes import wait_until

from .figure import Figure
from .relay import Relay, Requests, Statements

NODES = 3


class Doors:
    """The nodes as the exporter is told of them: behind relays."""

    def __init__(self, nodes):
        self.sql = [Relay(node.address, Statements) for node in nodes]
        self.http = [Relay(node.http_address, Requests) for node in nodes]

    def nodes(self):
        return [types.SimpleNamespace(address=sql.address, http_address=http.address)
                for sql, http in zip(self.sql, self.http)]

    def totals(self):
        both = {}
        for kind, relays in (("sql", self.sql), ("http", self.http)):
            for relay in relays:
                for name, value in relay.totals().items():
                    both[kind, name] = both.get((kind, name), 0) + value
        return both

    def close(self):
        for relay in self.sql + self.http:
            relay.close()


@contextlib.contextmanager
def watched(nodes):
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        cluster = Cluster(directory, nodes)
        try:
            cluster.start()
            doors = Doors(cluster.nodes)
            daemon = exporter(directory, doors.nodes()).start(ready="/-/ready", seconds=30)
            try:
                yield cluster, doors
            finally:
                daemon.stop()
                doors.close()
        finally:
            cluster.close()


def over(doors, seconds):
    """What went through in that time, per node and minute."""
    before = doors.totals()
    wait_until(lambda: False, seconds)
    return {key: (value - before[key]) * 60 / seconds / NODES for key, value in doors.totals().items()}


def figures(when, rates, statements_at_most=None):
    yield Figure(f"{when}: SQL statements per node and minute", rates["sql", "asked"], "", statements_at_most)
    yield Figure(f"{when}: HTTP requests per node and minute", rates["http", "asked"], "")
    yield Figure(f"{when}: SQL sent per node and minute", rates["sql", "sent"] / 1000, "kB")
    yield Figure(f"{when}: SQL received per node and minute", rates["sql", "received"] / 1000, "kB")
    yield Figure(f"{when}: HTTP received per node and minute", rates["http", "received"] / 1000, "kB")


def measure(build, quick=False):
    with watched(NODES) as (cluster, doors):
        # Starting is an event, and for 30 s after one the exporter looks more often: that is not rest.
        wait_until(lambda: False, 45)
        yield from figures("at rest", over(doors, 30 if quick else 120), statements_at_most=60)
        cluster.kill(NODES)
        yield from figures("one node killed", over(doors, 15 if quick else 30))
