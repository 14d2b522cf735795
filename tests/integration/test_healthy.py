"""A cluster with nothing wrong: what /api/v1/state, /metrics and the small pages say."""

import subprocess

import pytest

import picture
import wire
from cluster import is_simulated, until


@pytest.fixture(scope="module")
def at_rest(healthy):
    return picture.await_settled(healthy)


def test_the_state_keeps_the_contract(healthy, at_rest):
    answer = wire.call(healthy.exporter.url + "/api/v1/state")
    assert answer.headers.get_content_type() == "application/json"
    picture.assert_valid(answer.json, "Snapshot")


def test_every_node_is_there_under_its_own_address(healthy, at_rest):
    assert {n["sql_address"] for n in at_rest["nodes"]} == {n.address for n in healthy.cluster.nodes}
    for ours in healthy.cluster.nodes:
        told = wire.node_by_address(at_rest, ours.address)
        assert told["address"] == ours.address
        assert told["http_address"] == ours.http_address
        assert told["locality"] == ours.locality
        assert told["is_live"] is True and told["process"]["ready"] is True
        assert told["version"]


def test_the_verdict_of_three_healthy_nodes_is_available_and_one_may_go(at_rest):
    verdict = at_rest["verdict"]
    assert (verdict["state"], verdict["can_lose_nodes"]) == ("available", 1)
    assert "1 more node" in verdict["sentence"]
    assert at_rest["ranges_unavailable"] == 0
    assert verdict["computed"]["valid"]
    assert not verdict["probe"]["valid"] and verdict["probe"]["reason"], "the probe is off, and says so"


def test_with_three_nodes_each_has_a_replica_of_every_range(healthy, at_rest):
    def so(s):
        return all(n["ranges"] == s["ranges_total"] for n in s["nodes"])

    picture.state_when(healthy.exporter, so, 30, "ranges of each node equal ranges_total")


def test_every_range_has_one_leaseholder(healthy, at_rest):
    # Gossip's counts lag behind by a tick, so the sum is right when nothing moves.
    picture.state_when(healthy.exporter, lambda s: sum(n["leader_ranges"] for n in s["nodes"]) == s["ranges_total"],
                       40, "leases add up to ranges_total")


def test_targets_of_chaosd_are_matched_with_nodes_by_address(healthy, at_rest):
    for ours in healthy.cluster.nodes:
        told = wire.node_by_address(at_rest, ours.address)
        assert told["container"]["name"] == ours.name
        assert told["container_state"] == "running"
        assert told["container_id"]


def test_what_is_simulated_is_said_to_be(at_rest):
    assert at_rest["cluster"]["simulated"] is is_simulated()
    assert at_rest["cluster"]["version"] and at_rest["cluster"]["cluster_id"]


def read_both(stand):
    """Metrics, and the state before and after them when nothing was read anew in between."""
    def counts(s):
        return s["ranges_total"], [n["ranges"] for n in s["nodes"]]

    before, m, after = wire.state(stand.exporter), wire.metrics(stand.exporter), wire.state(stand.exporter)
    return (m, after) if counts(before) == counts(after) else None


def test_the_metrics_say_the_same_as_the_state(healthy, at_rest):
    m, at_rest = until(lambda: read_both(healthy), 30, "nothing is read anew between two looks")
    assert m.value("faultline_up") == 1
    assert m.one_of("faultline_verdict") == "available"
    assert m.value("faultline_verdict_can_lose_nodes") == 1
    assert m.value("faultline_cluster_nodes_expected") == m.value("faultline_cluster_nodes_up") == 3
    assert m.value("faultline_ranges") == at_rest["ranges_total"]
    assert m.value("faultline_ranges_without_quorum") == 0
    for n in at_rest["nodes"]:
        node_id = n["node_id"]
        assert m.one_of("faultline_node_liveness", node_id=node_id) == "live"
        assert m.one_of("faultline_node_process", node_id=node_id) == "reachable"
        assert m.one_of("faultline_node_container", node_id=node_id) == "running"
        assert m.value("faultline_node_ready", node_id=node_id) == 1
        assert m.value("faultline_node_replicas", node_id=node_id) == n["ranges"]
        [info] = [dict(key) for key in m.series("faultline_node_info") if dict(key)["node_id"] == str(node_id)]
        assert info["address"] == n["address"] and info["locality"] == n["locality"]


def test_each_source_says_whether_and_when_it_was_read(healthy, at_rest):
    m = wire.metrics(healthy.exporter)
    for source in ("process", "metrics", "gossip", "placement", "containers"):
        assert m.value("faultline_scrape_collector_success", collector=source) == 1, source
        assert m.value("faultline_scrape_collector_duration_seconds", collector=source) is not None, source
        assert 0 <= m.value("faultline_source_age_seconds", collector=source) < 75, source


def test_the_exporter_reports_its_own_process(healthy):
    m = wire.metrics(healthy.exporter)
    assert m.value("process_resident_memory_bytes") > 1e6
    assert m.value("process_open_fds") > 3
    assert m.value("process_max_fds") >= m.value("process_open_fds")
    assert m.value("process_virtual_memory_bytes") > m.value("process_resident_memory_bytes")
    assert m.value("process_cpu_seconds_total") >= 0
    began = int(healthy.exporter.process.started) / 100
    with open("/proc/stat") as stat:
        [boot] = [int(line.split()[1]) for line in stat if line.startswith("btime")]
    assert abs(m.value("process_start_time_seconds") - boot - began) < 2


def test_promtool_finds_nothing_wrong_with_the_metrics(healthy):
    text = wire.call(healthy.exporter.url + "/metrics")
    assert text.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    done = subprocess.run(["promtool", "check", "metrics"], input=text.body, capture_output=True)
    assert done.returncode == 0, (done.stdout + done.stderr).decode()


def test_the_snapshot_time_moves_on(healthy):
    first = wire.metrics(healthy.exporter).value("faultline_snapshot_timestamp_seconds")
    until(lambda: wire.metrics(healthy.exporter).value("faultline_snapshot_timestamp_seconds") > first, 10,
          "a newer snapshot")


@pytest.mark.parametrize("path, status, holds", [
    ("/-/healthy", 200, b""), ("/-/ready", 200, b""), ("/", 200, b"/metrics"), ("/nothing", 404, b""),
    ("/metrics/", 404, b""), ("/api/v1/unknown", 404, b"")])
def test_the_small_pages(healthy, path, status, holds):
    answer = wire.call(healthy.exporter.url + path)
    assert answer.status == status and holds in answer.body


@pytest.mark.parametrize("path", ["/metrics", "/api/v1/state"])
def test_nothing_can_be_posted_to_the_exporter(healthy, path):
    answer = wire.call(healthy.exporter.url + path, "POST", json_body={})
    assert answer.status == 405 and "GET" in answer.headers["Allow"]


def test_a_scrape_can_be_compressed(healthy):
    import gzip
    answer = wire.call(healthy.exporter.url + "/metrics", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert b"faultline_up" in gzip.decompress(answer.body)
