"""/ws with and without the subprotocol, as a foreign client sees it."""

import copy

import pytest
import websockets

import picture
import wire


@pytest.fixture(scope="module", autouse=True)
def at_rest(healthy):
    return picture.await_settled(healthy)


def merge(target, patch):
    """RFC 7396."""
    if not isinstance(patch, dict):
        return patch
    target = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            target.pop(key, None)
        else:
            target[key] = merge(target.get(key), value)
    return target


def apply(snapshot, delta):
    assert delta["base_seq"] == snapshot["seq"]
    result = merge(copy.deepcopy(snapshot), delta["set"])
    nodes = {str(n["node_id"]): n for n in snapshot["nodes"]}
    for node_id, patch in delta["nodes"].items():
        nodes[node_id] = merge(nodes.get(node_id, {}), patch)
    for node_id in delta["removed_nodes"]:
        nodes.pop(str(node_id), None)
    result["nodes"] = sorted(nodes.values(), key=lambda n: n["node_id"])
    result["seq"] = delta["seq"]
    return result


def test_without_a_subprotocol_each_message_is_a_whole_snapshot_with_the_original_names(healthy):
    messages = wire.listen(healthy.exporter, lambda got: len(got) >= 3, 20)
    assert len(messages) >= 3
    for message in messages:
        picture.assert_valid(message, "Snapshot")
        assert {"nodes", "ranges_total", "ranges_unavailable", "timestamp"} <= set(message)
        assert {"node_id", "address", "is_live", "ranges", "leader_ranges", "container_id", "container_state"} <= set(message["nodes"][0])
    times = [message["timestamp"] for message in messages]
    assert times == sorted(times) and times[0] < times[-1]


def test_the_first_snapshot_comes_at_once(healthy):
    messages = wire.listen(healthy.exporter, lambda got: len(got) >= 1, 0.5)
    assert len(messages) == 1


def test_with_the_subprotocol_hello_then_a_snapshot_then_what_changed(healthy):
    frames = wire.listen(healthy.exporter, lambda got: sum(f["type"] == "delta" for f in got) >= 3, 30, "faultline.v1")
    for frame in frames:
        picture.assert_valid(frame)
    kinds = [frame["type"] for frame in frames]
    first = kinds.index("snapshot")
    # An event may fall between the two; nothing that needs a snapshot may.
    assert kinds[0] == "hello" and set(kinds[1:first]) <= {"event"}
    assert len({frame["boot"] for frame in frames}) == 1
    snapshot = frames[first]["snapshot"]
    deltas = [frame for frame in frames if frame["type"] == "delta"]
    assert len(deltas) >= 3
    for delta in deltas:
        snapshot = apply(snapshot, delta)
    # A merge patch cannot say "null", so what became null is gone; all that must be there is there.
    for name in ("timestamp", "cluster", "verdict", "nodes", "sources"):
        assert name in snapshot
    assert len(snapshot["nodes"]) == 3


def test_no_silence_is_longer_than_hello_announced(healthy):
    [hello] = wire.listen(healthy.exporter, lambda got: len(got) >= 1, 5, "faultline.v1")[:1]
    announced = hello["heartbeat_ms"] / 1000
    assert announced <= 15
    times = []
    wire.listen(healthy.exporter, lambda got: False, 2 * announced, "faultline.v1", times=times)
    assert max(b - a for a, b in zip(times, times[1:])) < announced + 1


def test_a_client_that_asks_gets_a_whole_snapshot_again(healthy):
    frames = wire.listen(healthy.exporter, lambda got: sum(f["type"] == "snapshot" for f in got) >= 2, 10, "faultline.v1",
                         send=[{"type": "resync"}])
    assert sum(frame["type"] == "snapshot" for frame in frames) >= 2


def test_a_foreign_origin_is_refused(healthy):
    with pytest.raises(websockets.InvalidStatusCode) as refused:
        wire.listen(healthy.exporter, lambda got: got, 5, headers={"Origin": "https://evil.example"})
    assert refused.value.status_code == 403


@pytest.mark.parametrize("nonsense", ["", "not json", "[]", '{"type":"please"}', '{"type":' + "[" * 500])
def test_nonsense_from_a_client_hurts_nobody_else(healthy, nonsense):
    try:
        wire.listen(healthy.exporter, lambda got: len(got) >= 2, 3, "faultline.v1", send=[nonsense])
    except websockets.ConnectionClosed:
        pass  # to hang up on it is a fair answer
    assert len(wire.listen(healthy.exporter, lambda got: len(got) >= 1, 5)) >= 1


def test_a_message_that_is_too_long_ends_that_connection_only(healthy):
    with pytest.raises(websockets.ConnectionClosed):
        wire.listen(healthy.exporter, lambda got: False, 10, "faultline.v1", send=["x" * 1_000_000])
    assert wire.call(healthy.exporter.url + "/-/healthy").status == 200


def test_clients_are_counted(healthy):
    before = wire.metrics(healthy.exporter).value("faultline_stream_messages_sent_total")
    wire.listen(healthy.exporter, lambda got: len(got) >= 2, 10)
    assert wire.metrics(healthy.exporter).value("faultline_stream_messages_sent_total") >= before + 2
