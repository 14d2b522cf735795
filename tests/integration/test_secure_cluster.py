"""A cluster with certificates: its pages over HTTPS, without them over SQL, and what the exporter asks for when it may not look."""

import re
import shutil
import signal

import pytest

import picture
import secure_cluster
import tls_peer
import wire

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


def gauges_from(snapshot, source):
    """All three nodes told their gauges this way."""
    return (len(snapshot["nodes"]) == 3 and snapshot["verdict"]["native"]["valid"] and snapshot["connectivity"]["valid"]
            and all(n["connectivity"]["source"] == source for n in snapshot["nodes"]))


def test_the_pages_are_read_over_https_and_a_pause_is_seen(secure):
    daemon = secure.exporter()
    snapshot = picture.state_when(
        daemon, lambda s: gauges_from(s, "/_status/vars") and all(n["process"]["ready"] for n in s["nodes"]), 60,
        "the pages of all three nodes are read, and that they are ready")
    assert snapshot["verdict"]["native"]["ranges_unavailable"] == 0
    assert all(n["process"]["state"] == "reachable" and n["process"]["reason"] == "" for n in snapshot["nodes"])
    groups = wire.call(daemon.url + "/sd").json
    assert [group["labels"]["__scheme__"] for group in groups] == ["https"] * 3
    secure.signal_all(signal.SIGSTOP)
    picture.state_when(daemon, lambda s: all(n["process"]["state"] == "unresponsive" for n in s["nodes"]), 15,
                       "the kernel of a paused node accepts, and that is no life")


def test_where_the_certificate_of_the_pages_is_not_believed_the_gauges_come_over_sql_and_a_pause_is_seen(secure, tmp_path):
    stranger = tls_peer.Certificates(tmp_path / "stranger")
    shutil.copyfile(stranger.directory / "ca.crt", secure.certs / "ca-ui.crt")
    daemon = secure.exporter()
    snapshot = picture.state_when(daemon, lambda s: gauges_from(s, "node_metrics"), 60, "the gauges are known all the same")
    assert snapshot["verdict"]["native"]["ranges_unavailable"] == 0
    assert all(n["process"]["state"] == "reachable" and n["process"]["ready"] is None for n in snapshot["nodes"])
    picture.state_when(daemon, lambda s: all("certificate problem" in n["process"]["reason"] and "ca-ui.crt" in n["process"]["reason"]
                                             for n in s["nodes"]), 30, "each node says why its pages are not read")
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
