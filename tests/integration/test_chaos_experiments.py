"""Experiments, as a user runs them: steps on a cluster, what ends a run, and what is told after chaosd was killed."""

import subprocess
import time

import pytest

import picture
import wire
from cluster import OPERATOR, Sleeper, chaosd, until
from json_server import JsonServer
from watched import Watched

OVER = ("done", "stopped", "aborted", "refused")


def fault(kind, target, duration_s):
    return {"kind": kind, "target": target, "duration_s": duration_s}


def one(api, experiment):
    answer = api.get(f"experiments/{experiment}")
    assert answer.status == 200, answer
    return answer.json


def when(api, experiment, state, seconds):
    """The experiment once it is in that state."""
    def ask():
        now = one(api, experiment)
        assert now["state"] == state or now["state"] not in OVER, now
        return now if now["state"] == state else None

    return until(ask, seconds, f"experiment {experiment} is {state}; it is {one(api, experiment)}", every=0.1)


class Experimenter(Watched):
    def name(self, number):
        return self.cluster.node(number).name

    def create(self, order):
        """Taken without an acceptance: the exporter reads the descriptors some seconds after the start."""
        def ask():
            answer = self.api.post("experiments", order)
            return answer.json if answer.status == 202 else None

        return until(ask, 60, "the experiment is judged safe", every=0.5)["id"]


@pytest.fixture
def watched(tmp_path):
    with Experimenter(tmp_path, nodes=3) as stand:
        names = [stand.name(number) for number in (1, 2, 3)]
        until(lambda: all(stand.api.target(name)["node_id"] for name in names), 20, "chaosd knows which target is which node")
        picture.state_when(stand.exporter, picture.settled, 60, "the cluster is settled")
        yield stand


def test_two_steps_of_which_the_second_kills_a_node(watched):
    began = {}
    order = {"name": "pause one, then kill one", "hypothesis": "No range loses its quorum.",
             "steps": [{"faults": [fault("pause", watched.name(2), 3)], "wait_s": 8},
                       {"faults": [fault("kill", watched.name(3), 4)], "wait_s": 1}],
             "abort": [{"verdict": "unavailable"}, {"ranges_unavailable": 1, "for_s": 3}]}
    experiment = watched.create(order)

    def second_step():
        now = one(watched.api, experiment)
        assert now["state"] not in OVER, now
        began.setdefault(now["last_run"]["step"] if now["last_run"] else 0, time.monotonic())
        return 2 in began and not watched.cluster.running(3)

    until(second_step, 40, "the second step has killed n3")
    assert began[2] - began[1] >= 10, "3 s of the first fault and 8 s of rest lie between"
    [open_one] = watched.api.faults()
    assert open_one["experiment"] == {"id": experiment, "run": 1, "step": 2}
    snapshot = picture.state_when(watched.exporter, lambda state: state["faults"], 10, "the exporter passes the fault on")
    assert any(one["experiment"]["id"] == experiment for one in snapshot["faults"]), "and says what it is part of"
    picture.assert_valid(open_one, "Fault")

    done = when(watched.api, experiment, "done", 20)
    assert watched.cluster.running(3) and watched.api.faults() == []
    [run] = done["runs"]
    assert [(record["target"], record["state"], record["experiment"]["step"]) for record in run["records"]] == [
        (watched.name(2), "reverted", 1), (watched.name(3), "reverted", 2)], run
    assert all(record["node_id"] and record["reason"] == "its time was over" for record in run["records"]), run
    assert done["definition"] == order and done["desired"] == "on" and done["next_run_at_ms"] is None
    told = [(event["kind"], event["state"]) for event in watched.api.get("events").json["events"]
            if event["experiment_id"] == experiment]
    assert told[0] == ("experiment_state", "scheduled") and told[-1] == ("experiment_state", "done"), told
    assert told.count(("fault_state", "active")) == 2, told


def test_a_verdict_aborts_the_run_and_undoes_it_long_before_its_time(watched):
    experiment = watched.create({
        "name": "until it is degraded", "abort": [{"verdict": "degraded"}],
        "steps": [{"faults": [fault("kill", watched.name(2), 120)]}, {"faults": [fault("kill", watched.name(3), 120)]}]})
    aborted = when(watched.api, experiment, "aborted", 40)
    assert aborted["reason"].startswith("abort condition 1 is met: the verdict is degraded"), aborted
    [record] = aborted["runs"][0]["records"]
    assert record["target"] == watched.name(2) and record["state"] == "reverted", "there was no second step"
    assert record["reason"] == "its experiment ends: " + aborted["reason"]
    assert record["ended_at_ms"] < record["expires_at_ms"] - 60_000
    assert watched.cluster.running(2) and watched.cluster.running(3)


def test_a_kill_9_of_chaosd_ends_the_run_and_its_schedule_goes_on(watched):
    order = {"name": "every hour", "schedule": {"every_s": 3600},
             "steps": [{"faults": [fault("kill", watched.name(2), 300)]}, {"faults": [fault("kill", watched.name(3), 300)]}]}
    scheduled = watched.create(order)
    until(lambda: not watched.cluster.running(2), 10, "the first step has killed n2")
    due = one(watched.api, scheduled)["next_run_at_ms"]
    watched.chaosd.kill()
    time.sleep(1)
    assert not watched.cluster.running(2), "nobody undoes it meanwhile"
    watched.chaosd.start()

    until(lambda: watched.cluster.running(2), 15, "n2 is back within 15 s of chaosd's return")
    after = when(watched.api, scheduled, "scheduled", 10)
    [run] = after["runs"]
    assert (run["state"], run["reason"]) == ("aborted", "chaosd was restarted"), run
    [record] = run["records"]
    assert record["state"] == "reverted" and record["experiment"] == {"id": scheduled, "run": 1, "step": 1}
    assert after["desired"] == "on" and after["next_run_at_ms"] == due and after["runs_missed"] == 0
    page = wire.call(watched.chaosd.url + "/metrics").text
    for line in ('s{state="scheduled"} 1', '_runs_total{outcome="aborted"} 1', '_runs_total{outcome="missed"} 0',
                 f"_next_run_timestamp_seconds {due // 1000}"):
        assert f"\nfaultline_chaosd_experiment{line}\n" in page, page
    linted = subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True, text=True)
    assert linted.returncode == 0, linted.stderr + linted.stdout
    time.sleep(2)
    assert watched.cluster.running(3) and watched.api.faults() == [], "there is no second step"

    stopped = watched.api.delete(f"experiments/{scheduled}")
    assert stopped.status == 202 and stopped.json["state"] == "stopped" and stopped.json["desired"] == "off"
    watched.chaosd.kill()
    watched.chaosd.start()
    assert one(watched.api, scheduled)["state"] == "stopped", "and that is on disk, too"


class Prometheus(JsonServer):
    """Answers an instant query with as many series as a test wants."""

    def __init__(self):
        super().__init__()
        self.series, self.asked = 0, []
        self.url = f"http://{self.address}/prom"

    def answer(self, path, query):
        asked = query.get("query", [""])[0]
        self.asked.append((path, asked))
        if asked == "sum(":
            return 400, {"status": "error", "errorType": "bad_data", "error": "1:5: parse error: unclosed"}
        series = [{"metric": {"n": str(n)}, "value": [0, "0"]} for n in range(self.series)]
        return 200, {"status": "success", "data": {"resultType": "vector", "result": series}}


@pytest.fixture
def sleeping(tmp_path):
    """Three processes that are no database, and a Prometheus."""
    sleepers = [Sleeper(tmp_path, number) for number in (1, 2, 3)]
    for sleeper in sleepers:
        sleeper.start()
    prometheus = Prometheus()
    daemon = chaosd(tmp_path, sleepers, extra=[f"--prometheus.address={prometheus.url}"]).start(ready="/-/ready")
    yield wire.Chaos(daemon.url, OPERATOR), sleepers, prometheus
    daemon.kill()
    prometheus.server.shutdown()
    for sleeper in sleepers:
        sleeper.close()


QUERY = 'sum(rate(errors{job="sql & more"}[1m])) > 0'


def pausing(condition, **more):
    return {"name": "x", "steps": [{"faults": [fault("pause", "sleeper-1", 60)]}], "abort": [condition], **more}


def test_a_query_that_gives_something_ends_the_run(sleeping):
    api, sleepers, prometheus = sleeping
    answer = api.post("experiments", pausing({"promql": QUERY}))
    assert answer.status == 202, answer
    until(lambda: sleepers[0].state() == "paused", 5, "it is done")
    assert prometheus.asked[0] == ("/prom/api/v1/query", QUERY)
    prometheus.series = 2
    aborted = when(api, answer.json["id"], "aborted", 10)
    assert "Prometheus gives 2 series" in aborted["reason"] and sleepers[0].state() == "running"

    refused = wire.problem(api.post("experiments", pausing({"promql": "sum("})), 422)
    assert refused["errors"][0]["pointer"] == "/abort/0/promql" and "unclosed" in refused["detail"]


def test_a_prometheus_that_falls_silent_ends_the_run(sleeping):
    api, sleepers, prometheus = sleeping
    experiment = api.post("experiments", pausing({"promql": QUERY})).json["id"]
    until(lambda: sleepers[0].state() == "paused", 5, "it is done")
    prometheus.silent.set()
    aborted = when(api, experiment, "aborted", 40)
    assert "cannot be judged: Prometheus does not answer" in aborted["reason"] and sleepers[0].state() == "running"


def test_faults_of_one_step_are_in_effect_together_and_heal_stops_all_of_it(sleeping):
    api, sleepers, _ = sleeping
    answer = api.post("experiments", {"name": "all at once", "schedule": {"every_s": 3600}, "steps": [
        {"faults": [fault("pause", "sleeper-1", 300), fault("kill", "sleeper-2", 300)]}]})
    assert answer.status == 202, answer
    until(lambda: [sleeper.state() for sleeper in sleepers] == ["paused", "exited", "running"], 10, "both are in effect")
    assert len(api.post("heal").json["faults"]) == 2
    stopped = when(api, answer.json["id"], "stopped", 10)
    assert stopped["reason"] == "everything is healed on request" and stopped["next_run_at_ms"] is None
    assert [sleeper.state() for sleeper in sleepers] == ["running"] * 3
    wire.problem(api.post("experiments", {"name": "x", "steps": [{"faults": [fault("pause", "sleeper-9", 5)]}]}), 404)
