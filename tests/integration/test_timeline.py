"""What happened, and why, from /api/v1/timeline, as a client that reads it bit by bit."""

import picture
import wire
from cluster import OPERATOR, until
from wire import Chaos


def timeline(daemon, query=""):
    answer = wire.call(f"{daemon.url}/api/v1/timeline{query}")
    assert answer.status == 200, answer
    picture.assert_valid(answer.json, "Timeline")
    return answer.json


def everything(daemon):
    """All events, three at a time."""
    events, since = [], 0
    while True:
        page = timeline(daemon, f"?since={since}&limit=3")
        assert not page["gap"], page
        if not page["events"]:
            assert page["next"] == since
            return events
        events += page["events"]
        since = page["next"]


def test_a_kill_and_what_follows_it_name_the_kill_and_the_cluster_tells_its_own_part(stand):
    at_rest = picture.await_settled(stand)
    victim = stand.cluster.node(3)
    node_id = wire.node_by_address(at_rest, victim.address)["node_id"]
    before = timeline(stand.exporter, "?limit=1000")["next"]
    chaos = Chaos(stand.chaosd.url, OPERATOR)
    fault = chaos.inject("kill", victim.name, 60)

    def of_victim(kind):
        return [e for e in everything(stand.exporter) if e["kind"] == kind and e["node_id"] == node_id and e["id"] > before]

    until(lambda: of_victim("liveness_state"), 20, "the timeline tells that the cluster misses the node")
    container = of_victim("container_state")[0]
    assert container["fault_id"] == fault["id"] and container["cause"] == f"kill of {victim.name}"
    for kind in ("process_state", "liveness_state"):
        event = of_victim(kind)[0]
        assert event["fault_id"] == fault["id"], event
        assert event["cause"] == f"kill of {victim.name}", event
    assert of_victim("liveness_state")[0]["cause_id"] == container["id"]

    chaos.delete(f"faults/{fault['id']}")
    logged = until(lambda: of_victim("node_log"), 60, "the cluster's own log of the restart is on the timeline")
    assert logged[0]["sentence"] == f"n{node_id} started again"

    events = everything(stand.exporter)
    assert [e["id"] for e in events] == list(range(events[0]["id"], events[-1]["id"] + 1)), "each once, in order"
    assert len({(e["kind"], e["sentence"], e["at_ms"]) for e in events if e["kind"] == "node_log"}) == \
        len([e for e in events if e["kind"] == "node_log"]), "what the cluster logged once is told once"
    picture.state_when(stand.exporter, picture.settled, 60, "all is well again")


def test_a_query_that_cannot_be_used_is_refused_in_words(healthy):
    for query, field in (("?since=x", "since"), ("?since=-1", "since"), ("?limit=0", "limit"), ("?limit=1e3", "limit"),
                         ("?since=1&since=2", "since")):
        answer = wire.call(f"{healthy.exporter.url}/api/v1/timeline{query}")
        assert answer.status == 400 and field in answer.json["detail"], (query, answer)
    page = timeline(healthy.exporter, "?since=999999")
    assert page["gap"] is True, "a number of another boot"
