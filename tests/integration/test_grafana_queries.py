"""Every query of the board and of the rules, against a live Prometheus that scrapes the real exporter."""

import json
import re
import shutil
import subprocess
import time
import urllib.parse

import pytest
import yaml

import picture
import wire
from cluster import HOST, OPERATOR, ROOT, Daemon, Stand, free_ports, until

BOARD = json.loads((ROOT / "grafana/dashboards/faultline.json").read_text())
RULES = ROOT / "prometheus/rules/demo.rules.yml"
# Empty while nothing of the kind is wrong; each of their selectors has been seen with another value.
MAY_BE_EMPTY = {"annotation Availability lost"}
# Series that exist only while there is something to say.
MAY_BE_ABSENT = {"faultline_fault_overdue"}


def board_queries():
    for panel in BOARD["panels"]:
        for target in panel.get("targets", []):
            yield f"panel {panel['title']} {target['refId']}", target["expr"]
    for annotation in BOARD["annotations"]["list"]:
        yield f"annotation {annotation['name']}", annotation["expr"]


def alert_queries():
    for group in yaml.safe_load(RULES.read_text())["groups"]:
        for rule in group["rules"]:
            yield rule["alert"], rule["expr"]


def as_grafana_sends_it(expr):
    return expr.replace("$__rate_interval", "15s").replace("$job", ".+").replace("$instance", ".+")


class Prometheus:
    def __init__(self, directory, target):
        [port] = free_ports(1)
        shutil.copy(RULES, directory / "demo.rules.yml")
        config = directory / "prometheus.yml"
        config.write_text(yaml.safe_dump({
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s", "external_labels": {"cluster": "test"}},
            "rule_files": ["demo.rules.yml"],
            "scrape_configs": [{"job_name": "faultline-exporter", "static_configs": [{"targets": [target]}]}]}))
        self.daemon = Daemon("prometheus", directory, [
            "prometheus", f"--config.file={config}", f"--storage.tsdb.path={directory / 'data'}",
            f"--web.listen-address={HOST}:{port}", "--log.level=warn"], port)

    def ask(self, path, **parameters):
        answer = wire.call(f"{self.daemon.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}")
        assert answer.status == 200, (parameters, answer)
        assert answer.json["status"] == "success" and not answer.json.get("warnings"), answer.json
        return answer.json["data"]

    def query(self, expr):
        return self.ask("query", query=expr)["result"]

    def range(self, expr):
        now = time.time()
        return self.ask("query_range", query=expr, start=now - 60, end=now, step=5)["result"]


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    """Three nodes, one of them paused by chaosd, seen by Prometheus before and after."""
    directory = tmp_path_factory.mktemp("grafana")
    with Stand(directory, exporter_extra=["--collector.probe"]) as stand:
        prometheus = Prometheus(directory, stand.exporter.address)
        prometheus.daemon.start(seconds=30)
        try:
            picture.await_settled(stand)
            until(lambda: prometheus.query('faultline_verdict{state="available"} == 1'), 20, "Prometheus has seen it available")
            api = wire.Chaos(stand.chaosd.url, OPERATOR)
            api.inject("pause", "crdb-3", 300)
            until(lambda: prometheus.query("faultline_fault_active == 1"), 20, "and with a fault")
            time.sleep(6)  # A rate needs some scrapes.
            yield prometheus
            api.post("heal")
        finally:
            prometheus.daemon.kill()


@pytest.mark.parametrize("where, expr", list(board_queries()), ids=lambda v: v if " " in v and "{" not in v else None)
def test_a_query_of_the_board_runs_and_finds_something(watched, where, expr):
    found = watched.range(as_grafana_sends_it(expr))
    assert found or where in MAY_BE_EMPTY, expr
    for selector in re.findall(r"\b(?:faultline|process)_[a-z_]+(?:\{[^}]*\})?", as_grafana_sends_it(expr)):
        assert watched.query(f"last_over_time({selector}[5m])"), f"{selector} has no series"


@pytest.mark.parametrize("alert, expr", list(alert_queries()), ids=lambda v: v if " " not in v else None)
def test_a_query_of_an_alert_runs_on_series_that_exist(watched, alert, expr):
    watched.query(expr)
    for selector in re.findall(r"\b(?:faultline_[a-z_]+|up)(?:\{[^}]*\})?", expr):
        if selector.split("{")[0] not in MAY_BE_ABSENT:
            assert watched.query(f"last_over_time({selector}[5m])"), f"{selector} has no series"


@pytest.mark.parametrize("variable", [v for v in BOARD["templating"]["list"] if v["type"] == "query"], ids=lambda v: v["name"])
def test_a_variable_of_the_board_has_values(watched, variable):
    selector, label = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"]["query"]).groups()
    series = watched.ask("series", **{"match[]": as_grafana_sends_it(selector)})
    assert {one[label] for one in series}


def test_the_rules_load_and_the_paused_node_fires_what_it_should(watched):
    def firing():
        alerts = {(one["labels"]["alertname"], one["labels"].get("node_id")) for one in watched.ask("alerts")["alerts"] if one["state"] == "firing"}
        names = {name for name, _ in alerts}
        return alerts if {"FaultlineFaultActive", "FaultlineNodeDown", "FaultlineNodeNotLive", "FaultlineQuorumAtRisk"} <= names else None

    alerts = until(firing, 60, "the alerts of a paused node fire")
    assert not {name for name, _ in alerts} & {"FaultlineClusterUnavailable", "FaultlineRangesUnavailable", "FaultlineExporterDown"}
    nodes = {node for name, node in alerts if name in ("FaultlineNodeDown", "FaultlineNodeNotLive", "FaultlineFaultActive")}
    assert len(nodes) == 1, f"one node, under one id, so that the fault can mute the others: {alerts}"
    for group in watched.ask("rules")["groups"]:
        for rule in group["rules"]:
            assert rule["health"] == "ok", rule


def test_prometheus_has_taken_every_sample_of_a_scrape(watched):
    dropped = wire.call(watched.daemon.url + "/metrics").text
    for name in ("prometheus_target_scrapes_sample_duplicate_timestamp_total", "prometheus_target_scrapes_sample_out_of_order_total"):
        assert re.search(rf"^{name} 0$", dropped, re.M), name


def test_promtool_accepts_the_configuration_of_compose():
    done = subprocess.run(["promtool", "check", "config", ROOT / "prometheus/prometheus.yml"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
