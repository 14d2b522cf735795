"""One of three nodes is killed, paused or drained, and comes back."""

import contextlib
import signal
import threading
import time

import psycopg2

import picture
import wire
from cluster import HOST, until


def victim_of(stand, at_rest):
    """A node that the exporter does not use as its gateway just now; that one has a test of its own."""
    used = {source["gateway"] for source in at_rest["sources"]}
    free = [node for node in stand.cluster.nodes if node.address not in used] or stand.cluster.nodes
    # The one with the most leases, so that there is something to take over.
    return max(free, key=lambda node: wire.node_by_address(at_rest, node.address)["leader_ranges"] or 0)


def test_a_killed_node_is_told_from_every_side_and_comes_back(stand):
    at_rest = picture.await_settled(stand, leases=True)
    victim = victim_of(stand, at_rest)
    node_id = wire.node_by_address(at_rest, victim.address)["node_id"]
    seen_states = set()

    def told(s):
        seen_states.add(s["verdict"]["state"])
        return wire.node(s, node_id)

    stand.cluster.kill(victim.number)

    # The process: at once, long before the cluster knows.
    gone = picture.state_when(stand.exporter, lambda s: told(s)["process"]["state"] == "unreachable", 1.0,
                              "the killed process is unreachable")
    assert wire.node(gone, node_id)["process"]["reason"]
    assert len(gone["nodes"]) == 3, "a lost node stays in the picture"

    # Its container too, from chaosd.
    picture.state_when(stand.exporter, lambda s: told(s)["container_state"] == "exited", 2, "its target is exited")

    # Liveness: when the record expires, at most 9 s after the last heartbeat, and then some for gossip.
    suspect = picture.state_when(stand.exporter, lambda s: told(s)["liveness"]["state"] == "suspect", 20,
                                 "the cluster calls it suspect")
    lost = wire.node(suspect, node_id)
    assert lost["is_live"] is False
    assert lost["liveness"]["reason"]
    assert lost["liveness"]["witness_node_id"] != node_id

    # Gossip forgets a node before its record runs out; then it is known when it will be dead.
    expired = picture.state_when(stand.exporter, lambda s: "expired" in told(s)["liveness"]["reason"], 15,
                                 "its liveness record has expired")
    assert wire.node(expired, node_id)["liveness"]["next_state"] == "dead"
    assert wire.node(expired, node_id)["liveness"]["next_at_ms"] > expired["timestamp"]

    # Leases: the others take those of the ranges that somebody wants; the lost node is not said to hold any.
    def held_by_others(s):
        return sum(n["leader_ranges"] or 0 for n in s["nodes"] if n["node_id"] != node_id)

    before = held_by_others(at_rest)

    def taken_over(s):
        told(s)
        return held_by_others(s) > before and not wire.node(s, node_id)["leader_ranges"]

    picture.state_when(stand.exporter, taken_over, 60, f"the survivors hold more than the {before} leases they had")

    degraded = picture.state_when(stand.exporter, lambda s: s["verdict"]["state"] == "degraded", 15, "degraded")
    assert degraded["verdict"]["can_lose_nodes"] == 0
    assert degraded["ranges_unavailable"] == 0
    assert degraded["ranges_underreplicated"] == degraded["ranges_total"], "with RF 3 on three nodes, all of them"
    m = wire.metrics(stand.exporter)
    assert m.one_of("faultline_node_process", node_id=node_id) == "unreachable"
    assert m.one_of("faultline_node_liveness", node_id=node_id) == "suspect"
    assert m.value("faultline_node_metrics_valid", node_id=node_id) == 0
    assert m.value("faultline_cluster_nodes_up") == 2

    # Never a false alarm: one of three never costs a quorum, whatever the gauges say while leases move.
    assert not seen_states & {"unavailable", "unreachable"}, seen_states

    stand.cluster.restart(victim.number)
    picture.state_when(stand.exporter, lambda s: picture.settled(s), 60, "all is well again")
    back = wire.node(wire.state(stand.exporter), node_id)
    assert back["address"] == victim.address, "the same node, not a new one"


def test_events_tell_the_story_of_a_kill_in_order(stand):
    at_rest = picture.await_settled(stand)
    victim = victim_of(stand, at_rest)
    node_id = wire.node_by_address(at_rest, victim.address)["node_id"]
    killed = []

    def enough(frames):
        if not killed and any(f["type"] == "snapshot" for f in frames):
            stand.cluster.kill(victim.number)
            killed.append(time.time())
        return any(f["type"] == "event" and f["event"]["kind"] == "liveness_state" and f["event"]["node_id"] == node_id
                   for f in frames)

    frames = wire.listen(stand.exporter, enough, 40, "faultline.v1")
    for frame in frames:
        picture.assert_valid(frame)
    events = [f["event"] for f in frames if f["type"] == "event" and f["event"]["node_id"] == node_id]
    kinds = [event["kind"] for event in events]
    assert "process_state" in kinds and "liveness_state" in kinds
    assert kinds.index("process_state") < kinds.index("liveness_state"), "the process first, the cluster's opinion seconds later"
    deltas = [f for f in frames if f["type"] == "delta" and str(node_id) in f["nodes"]]
    assert deltas, "and the snapshots carried it"


def test_a_paused_node_is_unresponsive_not_gone(stand):
    at_rest = picture.await_settled(stand)
    victim = victim_of(stand, at_rest)
    node_id = wire.node_by_address(at_rest, victim.address)["node_id"]
    stand.cluster.pause(victim.number)
    try:
        picture.state_when(stand.exporter, lambda s: wire.node(s, node_id)["process"]["state"] == "unresponsive", 5,
                           "the paused process is unresponsive")
        picture.state_when(stand.exporter, lambda s: wire.node(s, node_id)["container_state"] == "paused", 3,
                           "its target is paused")
        picture.state_when(stand.exporter, lambda s: wire.node(s, node_id)["liveness"]["state"] == "suspect", 25,
                           "the cluster calls it suspect")
        assert wire.node(wire.state(stand.exporter), node_id)["replication"]["valid"] is False
    finally:
        stand.cluster.resume(victim.number)
    picture.state_when(stand.exporter, picture.settled, 60, "it rejoins by itself")


@contextlib.contextmanager
def busy_session(node):
    """A statement that runs through that node: a drain then takes some 10 s instead of 2 (the recorded query_wait)."""
    connection = psycopg2.connect(host=HOST, port=node.sql_port, user="root", dbname="system", sslmode="disable", connect_timeout=5)

    connection.autocommit = True

    def sleep():
        with contextlib.suppress(psycopg2.Error), connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(30)")

    sleeping = threading.Thread(target=sleep)
    sleeping.start()
    try:
        yield
    finally:
        sleeping.join(40)
        connection.close()


def test_a_draining_node_is_draining_before_it_is_gone(stand):
    at_rest = picture.await_settled(stand)
    victim = victim_of(stand, at_rest)
    node_id = wire.node_by_address(at_rest, victim.address)["node_id"]
    seen = []

    def gone(s):
        node = wire.node(s, node_id)
        seen.append((node["liveness"]["state"], node["process"]["state"]))
        return node["process"]["state"] == "unreachable"

    # Without load a drain takes about 2 s, which may fall between two looks at gossip.
    with busy_session(victim):
        stand.cluster.terminate(victim.number)
        picture.state_when(stand.exporter, gone, 60, "a node that drains leaves")
    assert ("draining", "reachable") in seen, sorted(set(seen))
    assert not any(state in ("suspect", "dead") for state, process in seen if process == "reachable")


def test_a_node_that_leaves_and_returns_within_its_lease_time_never_becomes_suspect(stand):
    at_rest = picture.await_settled(stand)
    victim = victim_of(stand, at_rest)
    node_id = wire.node_by_address(at_rest, victim.address)["node_id"]
    stand.cluster.pause(victim.number)
    time.sleep(0.5)  # The pause is the act: far below the 4.5 s between two heartbeats.
    stand.cluster.resume(victim.number)
    seen = set()

    def look():
        s = wire.state(stand.exporter)
        seen.add(wire.node(s, node_id)["liveness"]["state"])
        return wire.node(s, node_id)["process"]["state"] == "reachable"

    until(look, 10, "it answers again")
    assert seen == {"live"}


def test_sigterm_ends_the_exporter_cleanly_while_a_node_is_paused(stand):
    picture.await_settled(stand)
    stand.cluster.pause(3)
    try:
        began = time.monotonic()
        stand.exporter.process.signal(signal.SIGTERM)
        assert stand.exporter.process.wait(5), "it waits for nobody who is silent"
        assert stand.exporter.process.exit_code == 0, stand.exporter.process.last_words()
        assert time.monotonic() - began < 5
    finally:
        stand.cluster.resume(3)
