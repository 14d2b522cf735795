"""One exporter, several clusters: /probe?target=NAME, its neighbours in the API, and that clusters do not disturb one another."""

import os
import signal
import subprocess
import time

import pytest

import secure_cluster
import wire
from cluster import BIN, HOST, Cluster, Daemon, free_ports, until

SECRET = "planted-Secret-7710"


class Watch:
    """An exporter with a targets file, and flags besides."""

    def __init__(self, folder, *flags):
        self.file = folder / "targets.yml"
        [port] = free_ports(1)
        argv = [str(BIN / "faultline-exporter"), f"--web.listen-address={HOST}:{port}", f"--targets.file={self.file}",
                "--web.enable-lifecycle", *flags]
        self.daemon = Daemon("exporter", folder, argv, port)

    def write(self, **targets):
        lines = ["targets:"]
        for name, keys in targets.items():
            lines += [f"  {name}:", *(f"    {key.replace('__', '.').replace('_', '-')}: {value}" for key, value in keys.items())]
        self.file.write_text("\n".join(lines) + "\n")

    def get(self, path, **more):
        return wire.call(self.daemon.url + path, **more)

    def families(self, name, more=""):
        answer = self.get(f"/probe?target={name}{more}")
        assert answer.status == 200, answer
        return {family.name: family.samples for family in wire.text_string_to_metric_families(answer.text)}

    def value(self, name, metric):
        samples = self.families(name).get(metric, [])
        return samples[0].value if samples else None

    def await_nodes_up(self, name, count, seconds=60):
        until(lambda: self.value(name, "faultline_cluster_nodes_up") == count, seconds, f"{name} has {count} nodes up")


def of(cluster):
    return {"cockroach__sql": f"[{', '.join(node.address for node in cluster.nodes)}]"}


@pytest.fixture
def clusters(tmp_path):
    made = [Cluster(tmp_path / "first", nodes=3), Cluster(tmp_path / "second", nodes=1)]
    try:
        yield [cluster.start() for cluster in made]
    finally:
        for cluster in made:
            cluster.close()


@pytest.fixture
def watch(tmp_path):
    made = Watch(tmp_path)
    yield made
    made.daemon.stop()


def test_each_target_is_told_of_alone_and_one_that_is_away_disturbs_nobody(clusters, watch):
    first, second = clusters
    watch.write(first=of(first), second=of(second), gone={"cockroach__sql": f"{HOST}:1"})
    watch.daemon.start(ready="/-/ready")
    watch.await_nodes_up("first", 3)
    watch.await_nodes_up("second", 1)

    # Processes may be known before the cluster has said who it is.
    until(lambda: all("faultline_cluster_info" in watch.families(name) for name in ("first", "second")), 20, "both clusters have an id")
    ids = {watch.families(name)["faultline_cluster_info"][0].labels["cluster_id"] for name in ("first", "second")}
    assert len(ids) == 2 and "" not in ids
    of_first = watch.families("first")
    assert of_first["faultline_up"][0].value == 1
    own = [name for name in of_first if name.startswith(("process_", "faultline_stream", "faultline_build"))]
    assert own == [], "what is about the exporter is on /metrics alone"
    assert watch.value("gone", "faultline_up") == 0
    of_us = watch.get("/metrics").text
    assert "process_resident_memory_bytes" in of_us and "faultline_up" not in of_us and "faultline_verdict" not in of_us
    only = watch.families("first", "&collect[]=gossip")
    assert {sample.labels["collector"] for sample in only["faultline_scrape_collector_success"]} == {"gossip"}
    assert watch.get("/-/ready").status == 200

    assert len(watch.get("/api/v1/state?target=first").json["nodes"]) == 3
    assert watch.get("/api/v1/timeline?target=second").status == 200
    assert watch.get("/api/v1/impact?target=first&nodes=1").status in (200, 503)
    assert len(watch.get("/sd?target=first").json) == 3
    listed = watch.get("/sd/targets").json
    assert [group["labels"]["__param_target"] for group in listed] == ["first", "gone", "second"]
    assert {group["targets"][0] for group in listed} == {watch.daemon.address}
    for path in ("/probe?target=nobody", "/api/v1/state?target=nobody"):
        answer = watch.get(path)
        assert answer.status == 404 and "first, gone, second" in answer.json["detail"], answer
    assert watch.get("/probe").status == 400 and watch.get("/api/v1/state").status == 400
    assert watch.get("/ws").status == 404

    second.pause(1)
    until(lambda: watch.value("second", "faultline_cluster_nodes_up") == 0, 15, "the second is known to be silent")
    began = time.monotonic()
    pages = [watch.families(name) for name in ("first", "second") for _ in range(10)]
    assert time.monotonic() - began < 5, "no page waits for a cluster that hangs"
    assert {page["faultline_cluster_nodes_up"][0].value for page in pages[:10]} == {3}
    assert max(s.value for s in watch.families("first")["faultline_source_age_seconds"]
               if s.labels["collector"] in ("process", "gossip")) < 10
    second.resume(1)
    watch.await_nodes_up("second", 1)


def test_a_reload_follows_the_file_and_a_file_that_is_wrong_changes_nothing(clusters, watch):
    first, second = clusters
    watch.write(a=of(first), b=of(second))
    watch.daemon.start(ready="/-/ready")
    watch.await_nodes_up("a", 3)
    boot = watch.get("/api/v1/state?target=a").json["boot"]

    watch.write(a=of(first), c=of(second))
    answer = watch.get("/-/reload", method="POST")
    assert answer.status == 200, answer
    watch.await_nodes_up("c", 1)
    assert watch.get("/probe?target=b").status == 404
    assert watch.get("/api/v1/state?target=a").json["boot"] == boot, "what is described the same goes on"

    watch.file.write_text("targets:\n  a:\n    cockroach.sql: nohost\n")
    broken = watch.get("/-/reload", method="POST")
    assert broken.status == 500 and "line 3" in broken.text and "cockroach.sql" in broken.text, broken
    assert watch.value("a", "faultline_cluster_nodes_up") == 3

    watch.write(b=of(second))
    os.kill(watch.daemon.process.pid, signal.SIGHUP)
    until(lambda: watch.get("/probe?target=a").status == 404, 10, "SIGHUP reloads as well")
    watch.await_nodes_up("b", 1)


@pytest.mark.skipif(not secure_cluster.speaks_tls(), reason="needs nodes that take --certs-dir, and openssl")
def test_a_main_cluster_in_clear_and_a_secure_target_with_a_password_that_is_nowhere(clusters, tmp_path):
    first, _ = clusters
    secure = secure_cluster.SecureCluster(tmp_path / "secure", profile="24.3")
    watch = Watch(tmp_path, f"--cockroach.sql={first.nodes[0].address}", "--log.level=debug")
    try:
        secure.start()
        assert secure.as_root(f"CREATE USER watcher WITH PASSWORD '{SECRET}'")
        secure.as_root("GRANT admin TO watcher")
        (tmp_path / "secret").write_text(SECRET + "\n")
        watch.write(secure={"cockroach__sql": secure.sql[0], "cockroach__http": f"[{', '.join(secure.http)}]",
                            "cockroach__user": "watcher", "cockroach__certs_dir": "secure/certs",
                            "cockroach__password_file": "secret"})
        watch.daemon.start(ready="/-/ready")
        watch.await_nodes_up("secure", 3)
        until(lambda: watch.families("secure").get("faultline_node_ready"), 30, "readiness is asked over HTTPS")
        assert "faultline_up 1.0" in watch.get("/metrics").text or "faultline_up 1\n" in watch.get("/metrics").text
        assert watch.get("/metrics?target=secure").status == 400
        said = {path: watch.get(path).text for path in
                ("/", "/metrics", "/probe?target=secure", "/api/v1/state?target=secure", "/sd/targets", "/sd?target=secure")}
        watch.daemon.stop()
        said["the log"] = watch.daemon.log.read_text()
        assert "exporter.secure." in said["the log"], "a line about a target says which"
        for where, text in said.items():
            assert SECRET not in text, f"the password is in {where}"
    finally:
        watch.daemon.stop()
        secure.close()


@pytest.mark.parametrize("text, told", [
    ("targets:\n  a:\n    cockroach.sql: nohost\n", "line 3"),
    ("targets:\n  a:\n    cockroach.sql: n:1\n    cockroach.password: hunter2\n", "cockroach.password is not known here"),
    ("targets: [\n", "line"), ("", "targets")])
def test_a_file_that_is_wrong_stops_the_program_at_start(tmp_path, text, told):
    file = tmp_path / "targets.yml"
    file.write_text(text)
    done = subprocess.run([BIN / "faultline-exporter", f"--targets.file={file}", f"--web.listen-address={HOST}:0"],
                          capture_output=True, text=True, timeout=20)
    assert done.returncode == 2 and told in done.stderr and str(file) in done.stderr, done
    assert done.stderr.count("\n") == 1 and "hunter2" not in done.stderr, done.stderr
