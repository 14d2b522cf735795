"""A cluster with certificates: what the exporter tells without plain HTTP, and what it asks for when it may not look."""

import re
import signal

import pytest

import picture
import secure_cluster

pytestmark = pytest.mark.skipif(not secure_cluster.speaks_tls(), reason="needs nodes that take --certs-dir, and openssl")


@pytest.fixture
def secure(tmp_path):
    running = secure_cluster.SecureCluster(tmp_path, profile="24.3")
    try:
        yield running.start()
    finally:
        running.close()


def source(snapshot, name):
    return next(one for one in snapshot["sources"] if one["name"] == name)


def test_the_gauges_come_over_sql_and_a_pause_is_seen(secure):
    daemon = secure.exporter()
    snapshot = picture.state_when(
        daemon, lambda s: len(s["nodes"]) == 3 and s["verdict"]["native"]["valid"] and s["connectivity"]["valid"], 60,
        "the gauges of all three nodes are known")
    assert snapshot["verdict"]["native"]["ranges_unavailable"] == 0
    assert [n["connectivity"]["source"] for n in snapshot["nodes"]] == ["node_metrics"] * 3
    assert all(n["process"]["state"] == "reachable" for n in snapshot["nodes"])
    secure.signal_all(signal.SIGSTOP)
    picture.state_when(daemon, lambda s: all(n["process"]["state"] == "unresponsive" for n in s["nodes"]), 15,
                       "the kernel of a paused node accepts, and that is no life")


def test_the_grant_that_the_error_names_is_the_one_that_helps(secure):
    secure.certificates.client("watcher")
    secure.as_root("CREATE USER watcher")
    daemon = secure.exporter("watcher")
    granted = []
    for name in ("gossip", "placement", "cluster_log"):
        # On old versions the first GRANT is of the admin role, and the others are not needed.
        seen = picture.state_when(daemon, lambda s, name=name: source(s, name)["ok"] or "run GRANT" in source(s, name)["error"],
                                  60, f"{name} works, or names the GRANT that it needs")
        for grant in re.findall(r"run (GRANT .*)$", source(seen, name)["error"]):
            secure.as_root(grant)
            granted.append(grant)
        picture.state_when(daemon, lambda s, name=name: source(s, name)["ok"], 90, f"{name} works after {granted}")
    assert granted, "nobody may look without having been allowed to"
