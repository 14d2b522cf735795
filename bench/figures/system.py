"""The whole system: three nodes, chaosd, the exporter, each a process."""

import asyncio
import contextlib
import http.client
import json
import os
import pathlib
import tempfile
import threading
import time

import psycopg2
import websockets

from cluster import OPERATOR, Stand
from local.processes import start_ticks, wait_until
from wire import Chaos, Scraper, node_by_address

from .figure import Figure, percentile, spread

PAGE_KB = os.sysconf("SC_PAGE_SIZE") / 1024


def cpu_s(pid):
    """By the process's own CPU clock (clock_getcpuclockid(3)), in nanoseconds: /proc/PID/stat counts in steps of 10 ms."""
    return time.clock_gettime(~pid << 3 | 2)


def rss_mb(pid):
    return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_KB / 1024


class Watch(threading.Thread):
    """Receives the stream and remembers when what came. A thread, so that the one who breaks things does not wait."""

    def __init__(self, daemon):
        super().__init__(daemon=True)
        self.address, self.frames = daemon.address, []
        self.start()
        assert wait_until(lambda: self.frames, 10), "no snapshot came"

    def run(self):
        asyncio.run(self.receive())

    async def receive(self):
        async with websockets.connect(f"ws://{self.address}/ws", max_size=None, compression=None) as socket:
            async for text in socket:  # Until the exporter says goodbye.
                self.frames.append((time.monotonic(), text))

    def first(self, true, since, seconds):
        """When the first snapshot came, after `since`, that `true` holds for; None if none does in that time."""
        at = 0

        def look():
            nonlocal at
            while at < len(self.frames):
                came, text = self.frames[at]
                at += 1
                if came >= since and true(json.loads(text)):
                    return came
            return None

        return wait_until(look, seconds, every=0.01)


def when_a_node_says(node, number, live, seconds):
    """When `node` first answers that gossip has node `number` live, or not. Asked every few milliseconds."""
    host, port = node.address.split(":")
    connection = psycopg2.connect(host=host, port=port, user="root", dbname="system", sslmode="disable")
    connection.autocommit = True
    with connection, connection.cursor() as cursor:
        def says():
            cursor.execute("SELECT is_live FROM crdb_internal.gossip_nodes WHERE node_id = %s", (number,))
            row = cursor.fetchone()
            return time.monotonic() if row and row[0] is live else None

        answer = wait_until(says, seconds, every=0.004)
    connection.close()
    return answer


@contextlib.contextmanager
def stand(**options):
    # A process that is being killed may still write: that is no error of the bench.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        with Stand(directory, nodes=3, **options) as running:
            yield running


def scrape_times(running, count):
    scraper, times, failures = Scraper(running.exporter), [], 0
    for _ in range(count):
        try:
            status, _, took = scraper.scrape()
        except OSError:
            scraper, status, took = Scraper(running.exporter), 0, 5
        failures += status != 200
        times.append(took)
    return times, failures


def empty_times(running, count):
    connection, times = http.client.HTTPConnection(*running.exporter.address.split(":"), timeout=5), []
    for _ in range(count):
        began = time.perf_counter()
        connection.request("GET", "/-/healthy")
        connection.getresponse().read()
        times.append(time.perf_counter() - began)
    return times


def measure_rest(build, quick=False):
    seconds = 10 if quick else 30
    with stand() as running:
        pid = running.exporter.process.pid
        # Starting is an event, and for 30 s after one the exporter looks more often: that is not rest.
        wait_until(lambda: False, 45)
        before, began = cpu_s(pid), time.monotonic()
        wait_until(lambda: False, seconds)
        share = (cpu_s(pid) - before) / (time.monotonic() - began)
        yield Figure("exporter at rest, 3 nodes: RSS", rss_mb(pid), "MB", 15)
        yield Figure("exporter at rest, 3 nodes: CPU", 100 * share, "% of a core", 0.2, f"over {seconds} s")


def measure_scrape(build, quick=False):
    count = 200 if quick else 10_000
    with stand() as running:
        times, failures = scrape_times(running, count)
        yield Figure("an empty page, healthy: p99", 1000 * percentile(empty_times(running, count), 0.99), "ms", None,
                     "what this machine adds to every answer just now")
        yield from spread("scrape, healthy", times, p99_ms=10)
        yield Figure("scrape, healthy: failures", failures, "", 0, f"of {count}")
        for node in running.cluster.nodes:
            running.cluster.pause(node.number)
        try:
            noticed = wait_until(lambda: "\nfaultline_up 0\n" in Scraper(running.exporter).scrape()[1], 60, every=0.2)
            assert noticed, "the exporter does not notice that all nodes are paused"
            times, failures = scrape_times(running, count)
        finally:
            for node in running.cluster.nodes:
                running.cluster.resume(node.number)
        yield from spread("scrape, all nodes paused", times, p99_ms=10)
        yield Figure("scrape, all nodes paused: failures", failures, "", 0, f"of {count}")


def measure_flip(build, quick=False):
    """From the node that first says so, and from the end of the process, to the frame on the wire."""
    rounds = 2 if quick else 10
    flips, ends, notices = [], [], []
    # Time runs faster in the simulated cluster only to have done sooner: what is measured begins when the node answers.
    with stand(time_scale=4) as running:
        watch, chaos = Watch(running.exporter), Chaos(running.chaosd.url, OPERATOR)
        witness, victim = running.cluster.node(1), running.cluster.node(2)

        def seen(snapshot):
            return node_by_address(snapshot, victim.address)

        number = seen(json.loads(watch.frames[-1][1]))["node_id"]
        for _ in range(rounds):
            pid = victim.pid
            started = start_ticks(pid)
            asked = time.monotonic()
            fault = chaos.inject("kill", victim.name, 120)
            assert wait_until(lambda: start_ticks(pid) != started, 10, every=0.001), "chaosd did not kill n2"
            gone = time.monotonic()
            notice = watch.first(lambda s: seen(s)["container_state"] == "exited", asked, 10)
            assert notice, "no frame says that n2 has exited"
            ends.append(max(0, notice - gone))
            said = when_a_node_says(witness, number, False, 60)
            framed = watch.first(lambda s: seen(s)["is_live"] is False, asked, 20)
            assert said and framed, "n2 never stopped being live"
            flips.append(max(0, framed - said))  # The exporter may have asked first.
            notices.append(framed - gone)
            chaos.delete(f"faults/{fault['id']}")
            assert wait_until(lambda: seen(json.loads(watch.frames[-1][1]))["is_live"], 60, 0.1), "n2 did not come back"
    yield from spread("process gone → frame says exited", ends, median_ms=50, p99_ms=150)
    yield from spread("liveness flip answered by a node → frame", flips, p99_ms=250, note="asked every 4 ms")
    yield Figure("process gone → frame says not live: median", percentile(notices, 0.5), "s", None,
                 "4 times faster than a real cluster")
