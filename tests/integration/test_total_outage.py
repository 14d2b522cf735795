"""Nothing answers: every node paused, or no cluster at all. The exporter goes on, at once, and says how old it all is."""

import statistics

import pytest

import picture
import wire
from cluster import Daemon, HOST, BIN, exporter, free_ports, until
from local import parts


def test_with_every_node_paused_a_thousand_scrapes_are_answered_and_say_that_the_data_is_old(stand):
    at_rest = picture.await_settled(stand)
    for node in stand.cluster.nodes:
        stand.cluster.pause(node.number)
    try:
        picture.state_when(stand.exporter, lambda s: s["verdict"]["state"] == "unreachable", 20,
                           "no process answers: unreachable")
        scraper = wire.Scraper(stand.exporter)
        took = []
        for _ in range(1000):
            status, body, seconds = scraper.scrape()
            assert status == 200
            took.append(seconds)
        took.sort()
        print(f"1,000 scrapes with every node paused: median {statistics.median(took) * 1000:.2f} ms, "
              f"p99 {took[989] * 1000:.2f} ms, worst {took[-1] * 1000:.2f} ms")
        # The promise of 10 ms is the benchmark's business; this only finds a scrape that waits for a database.
        assert took[-1] < 1.0

        # The headline may know from the containers, before the processes have been missed.
        s = picture.state_when(stand.exporter, lambda s: {n["process"]["state"] for n in s["nodes"]} == {"unresponsive"}, 15,
                               "every process accepts and says nothing")
        assert len(s["nodes"]) == 3, "the page never goes blank"
        assert s["ranges_total"] == at_rest["ranges_total"]
        assert "unreachable" in s["verdict"]["sentence"].lower()
        until(lambda: wire.metrics(stand.exporter).value("faultline_scrape_collector_success", collector="gossip") == 0,
              20, "gossip has failed")

        def old():
            m = wire.metrics(stand.exporter)
            return m if m.value("faultline_source_age_seconds", collector="gossip") > 10 else None

        m = until(old, 30, "the age of gossip grows past 10 s")
        assert m.value("faultline_up") == 0
        assert m.one_of("faultline_verdict") == "unreachable"
        # Past its limit a value leaves the metrics: Prometheus marks it stale, nobody takes it for current.
        until(lambda: not wire.metrics(stand.exporter).series("faultline_node_leaseholders"), 60,
              "leases that nobody has confirmed leave the metrics")
        picture.state_when(stand.exporter, lambda s: all(x["stale"] for x in s["sources"] if x["name"] == "gossip"),
                           60, "gossip is marked as stale")
    finally:
        for node in stand.cluster.nodes:
            stand.cluster.resume(node.number)
    picture.state_when(stand.exporter, picture.settled, 90, "it recovers with the cluster")


@pytest.fixture
def without_cluster(tmp_path):
    """An exporter that is pointed at ports where nothing listens."""
    nodes = parts.plan_nodes("none", tmp_path, free_ports(2), free_ports(2), ["", ""])
    daemon = exporter(tmp_path, nodes).start()
    yield daemon
    daemon.stop()


def test_without_a_cluster_the_exporter_runs_and_says_so(without_cluster):
    def said():
        answer = wire.call(without_cluster.url + "/api/v1/state")
        return answer.json if answer.status == 200 and answer.json["verdict"]["state"] != "unknown" else None

    s = until(said, 20, "a verdict without a cluster")
    assert s["verdict"]["state"] == "unreachable"
    assert s["ranges_unavailable"] is None, "unknown is not zero"
    failed = {source["name"]: source["error"] for source in s["sources"] if not source["ok"]}
    assert failed.get("gossip"), s["sources"]
    m = wire.metrics(without_cluster)
    assert m.value("faultline_up") == 0
    assert m.value("faultline_scrape_collector_success", collector="gossip") == 0
    assert m.value("faultline_source_age_seconds", collector="gossip") is None, "never read has no age"
    assert m.value("faultline_ranges") is None and m.value("faultline_ranges_without_quorum") is None
    assert without_cluster.process.running()


def test_a_cluster_that_comes_up_later_is_found(tmp_path):
    from cluster import Cluster
    cluster = Cluster(tmp_path, nodes=3)
    daemon = exporter(tmp_path, cluster.nodes).start()
    try:
        until(lambda: wire.call(daemon.url + "/metrics").status == 200, 5, "metrics")
        cluster.start()
        picture.state_when(daemon, lambda s: picture.settled(s), 60, "the cluster is found and at rest")
    finally:
        daemon.stop()
        cluster.close()


def test_a_peer_that_accepts_and_says_nothing_is_unresponsive_and_hangs_nobody(tmp_path):
    """A listening socket that nobody serves: the kernel accepts, as for a stopped process."""
    import socket
    silent = [socket.create_server((HOST, 0), backlog=64) for _ in range(2)]
    sql, http = (s.getsockname()[1] for s in silent)
    [port] = free_ports(1)
    daemon = Daemon("exporter", tmp_path, [
        str(BIN / "faultline-exporter"), f"--web.listen-address={HOST}:{port}",
        f"--cockroach.sql={HOST}:{sql}", f"--cockroach.http={HOST}:{http}"], port).start()
    try:
        until(lambda: wire.metrics(daemon).value("faultline_scrape_collector_success", collector="gossip") == 0, 20,
              "gossip has failed by its deadline")
        assert wire.Scraper(daemon).scrape()[2] < 1.0
        daemon.process.signal(15)
        assert daemon.process.wait(5), "and it ends when asked to"
    finally:
        daemon.kill()
        for s in silent:
            s.close()
