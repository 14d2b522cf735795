"""A fault that was let in as safe is undone when a node dies by another hand and the two together would cost quorum."""

import time

import pytest

import picture
import truth
import wire
from cluster import until
from watched import Watched


@pytest.fixture
def watched(request, tmp_path):
    with Watched(tmp_path, nodes=request.param) as stand:
        names = [node.name for node in stand.cluster.nodes]
        until(lambda: all(stand.api.target(name)["node_id"] for name in names), 20, "chaosd knows which target is which node")
        # Not while replicas are still placed: of a range with two of them nobody says what a pause would cost.
        picture.await_settled(stand)
        until(lambda: ranges_span(stand, 2), 90, "the exporter has read the ranges since each was given its replicas", every=0.5)
        yield stand


def ranges_span(stand, number):
    """A range is born with one replica, on the first node: a pause of another is foretold to touch nothing until then."""
    node_id = stand.api.target(stand.cluster.node(number).name)["node_id"]
    forecast = wire.call(f"{stand.exporter.url}/api/v1/impact?fault=pause&nodes={node_id}").json
    return forecast.get("valid") and forecast["quorum_lost"] == 0 and forecast["under_replicated"] > 0


def safe_pause(stand, number, duration_s=120):
    """Paused under a plan that nobody had to accept."""
    name = stand.cluster.node(number).name

    def let_in():
        answer = stand.api.post("faults", {"kind": "pause", "target": name, "duration_s": duration_s})
        return answer.json if answer.status == 202 else None

    # The exporter reads the range descriptors some seconds after the start.
    fault = until(let_in, 60, f"the pause of {name} is judged safe", every=0.5)
    until(lambda: stand.api.fault(fault["id"])["state"] == "active", 10, "it is active")
    plan = stand.api.get(f"faults/{fault['id']}/plan").json["plan"]
    assert plan["verdict"] == "allow" and plan["quorum_lost"] == 0, plan
    return fault["id"]


@pytest.mark.parametrize("watched, dying", [(3, [3]), (5, [3, 4])], indirect=["watched"], ids=["three nodes", "five nodes"])
def test_another_death_that_would_cost_quorum_undoes_the_fault(watched, dying):
    fault = safe_pause(watched, 2)
    time.sleep(1.5)  # Several looks: by itself it stays.
    assert watched.api.fault(fault)["state"] == "active"
    first = watched.api.target(watched.cluster.node(dying[0]).name)["node_id"]
    # Of five, whether one more is enough depends on where the replicas are; two more always are.
    for number in dying:
        watched.cluster.kill(number)
    ended = until(lambda: (lambda f: f if f["state"] == "reverted" else None)(watched.api.fault(fault)), 20,
                  "the pause is undone because another node died")
    assert f"n{first}" in ended["reason"] and " died, " in ended["reason"] and ended["reason"].endswith(": undone"), ended
    assert ended["ended_at_ms"] < ended["expires_at_ms"] - 60_000
    until(lambda: watched.api.target(watched.cluster.node(2).name)["state"] == "running", 5, "n2 runs again")
    assert not any(watched.cluster.running(number) for number in dying), "what another hand did is left alone"


@pytest.mark.parametrize("watched", [3], indirect=True)
def test_the_forecast_is_held_against_what_the_exporter_saw(watched):
    # While the holder of the liveness lease is paused, others may fall out of it, which is another forecast.
    holder = truth.numbers_of_stores(watched.cluster.nodes)[truth.liveness_lease(watched.cluster.node(1))]
    fault = safe_pause(watched, next(number for number in (2, 3) if number != holder), duration_s=8)
    open_one = until(lambda: (lambda f: f if f["outcome"] else None)(watched.api.fault(fault)), 7, "its outcome is kept while it is open")
    assert open_one["forecast"]["quorum_lost"] == 0 and open_one["forecast"]["under_replicated"] > 0, open_one
    ended = until(lambda: (lambda f: f if f["state"] == "reverted" else None)(watched.api.fault(fault)), 15, "its time is over")
    picture.assert_valid({name: ended[name] for name in ended if name not in ("forecast", "outcome", "score")}, "Fault")
    assert ended["outcome"]["ranges_unavailable"] == 0 and ended["outcome"]["verdicts"], ended
    # A machine that stands still for seconds has not looked, and must say so.
    looked = ended["outcome"]["unwatched_ms"] <= 5000
    assert ended["score"] == "as foretold" if looked else ended["score"].startswith("unknown"), ended


@pytest.mark.parametrize("watched", [3], indirect=True)
def test_the_fault_stays_while_the_exporter_is_away(watched):
    fault = safe_pause(watched, 2)
    watched.exporter.stop()
    watched.cluster.kill(3)
    until(lambda: "not watched" in watched.chaosd.log.read_text(), 10, "chaosd's log says that nobody watches")
    time.sleep(2)
    assert watched.api.fault(fault)["state"] == "active"
    assert watched.api.fault(fault)["outcome"]["blind"], "and its outcome says why nothing is seen"
