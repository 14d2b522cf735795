"""Questions about one snapshot that several tests ask, and the contract it must keep."""

import functools
import json
import pathlib

import jsonschema

import truth
import wire
from cluster import until

SCHEMA = pathlib.Path(__file__).resolve().parent.parent.parent / "schema/stream.schema.json"


@functools.cache
def _validator(definition):
    schema = json.loads(SCHEMA.read_text())
    if definition:
        schema = {"$schema": schema["$schema"], "$ref": f"#/$defs/{definition}", "$defs": schema["$defs"]}
    return jsonschema.Draft202012Validator(schema)


def assert_valid(message, definition=None):
    """Against the stream's schema; without a definition it is a frame."""
    errors = [f"{'/'.join(map(str, e.path))}: {e.message[:300]}" for e in _validator(definition).iter_errors(message)]
    assert not errors, errors


def state_when(daemon, true, seconds, sentence):
    """The first state for which `true(state)` holds. Just after its start the exporter may have none yet."""
    last = None

    def ask():
        nonlocal last
        answer = wire.call(daemon.url + "/api/v1/state")
        if last is None and answer.status == 503:
            return None
        last = wire.state_in(answer)
        return last if true(last) else None

    try:
        return until(ask, seconds, sentence)
    except AssertionError:
        raise AssertionError(f"not within {seconds} s: {sentence}; instead: {told(last)}") from None


def told(snapshot):
    """What matters of a snapshot, short enough to read in a red test."""
    if snapshot is None:
        return "no state at all"
    nodes = [f"n{n['node_id']} {n['process']['state']}/{n['liveness']['state']}/{n['container_state']} "
             f"ranges={n['ranges']} leases={n['leader_ranges']}" for n in snapshot["nodes"]]
    sources = [f"{s['name']}{'' if s['ok'] else ' FAILED (' + s['error'] + ')'}@{s['gateway']}" for s in snapshot["sources"]]
    verdict = snapshot["verdict"]
    opinions = {name: (verdict[name]["valid"], verdict[name]["ranges_unavailable"], verdict[name]["reason"])
                for name in ("native", "computed", "probe")}
    return (f"{verdict['state']}: {verdict['sentence']!r} can_lose={verdict['can_lose_nodes']} {opinions}; "
            f"total={snapshot['ranges_total']} unavailable={snapshot['ranges_unavailable']} "
            f"under={snapshot['ranges_underreplicated']}; {nodes}; {sources}; faults={snapshot['faults']}")


def settled(snapshot, nodes=3):
    """Everything there and nothing in motion: replicas placed, addresses known."""
    return (snapshot["verdict"]["state"] == "available" and len(snapshot["nodes"]) == nodes
            and all(n["liveness"]["state"] == "live" and n["process"]["state"] == "reachable" and n["http_address"]
                    for n in snapshot["nodes"])
            and (snapshot["verdict"]["can_lose_nodes"] or 0) >= 1
            and snapshot["ranges_total"] and snapshot["ranges_underreplicated"] == 0)


def every_lease_held(snapshot):
    """True of a cluster that has just come up. After an outage leases stay expired until somebody wants the range."""
    return sum(n["leader_ranges"] or 0 for n in snapshot["nodes"]) == snapshot["ranges_total"]


def await_settled(stand, seconds=60, leases=False):
    """A cluster that has just come up still places replicas for some 10 s, and spreads its leases for some 10 more."""
    count = len(stand.cluster.nodes)
    return state_when(stand.exporter, lambda s: settled(s, count) and (not leases or every_lease_held(s)), seconds,
                      "the cluster is available and at rest")


def await_counted(stand):
    """The exporter has read the descriptors since the last range was made; when nothing happens it does so once a minute."""
    state_when(stand.exporter, lambda s: s["ranges_total"] == truth.ranges_count(stand.cluster.nodes[0]), 90,
               "the exporter tells of as many ranges as there are")
