#!/usr/bin/python3
"""Every message of a live stream server is valid by schema/stream.schema.json, and the deltas add up.

usage: stream_check.py SERVER_PROGRAM SCHEMA. Another WebSocket client, another JSON library and another
way to apply a delta than the server's own, so that a mistake in one is not a mistake in both."""

import asyncio
import json
import pathlib
import subprocess
import sys
import urllib.request

import jsonschema
import websockets

PUBLICATIONS = 60
WAIT_S = 10


def merged(old, patch):
    if not (isinstance(old, dict) and isinstance(patch, dict)):
        return patch
    return {**old, **{name: merged(old.get(name), value) for name, value in patch.items()}}


def applied(snapshot, delta):
    nodes = {node["node_id"]: node for node in snapshot["nodes"]}
    for node_id in delta["removed_nodes"]:
        del nodes[node_id]
    for node_id, patch in delta["nodes"].items():
        nodes[int(node_id)] = merged(nodes.get(int(node_id), {}), patch)
    return {**merged(snapshot, delta["set"]), "nodes": [nodes[node_id] for node_id in sorted(nodes)]}


class Contract:
    def __init__(self, schema):
        self.frame = jsonschema.Draft202012Validator(schema)
        # Alone, with its definitions beside it: a bare message is this and no frame.
        self.snapshot = jsonschema.Draft202012Validator({"$ref": "#/$defs/Snapshot", "$defs": schema["$defs"]})

        self.timeline = jsonschema.Draft202012Validator({"$ref": "#/$defs/Timeline", "$defs": schema["$defs"]})

    def read_timeline(self, text):
        timeline = json.loads(text)
        self.timeline.validate(timeline)
        return timeline

    def read_frame(self, text):
        frame = json.loads(text)
        self.frame.validate(frame)
        return frame

    def read_snapshot(self, text):
        snapshot = json.loads(text)
        self.snapshot.validate(snapshot)
        return snapshot


async def next_message(socket):
    return await asyncio.wait_for(socket.recv(), WAIT_S)


async def check(port, publish, contract):
    url = f"ws://127.0.0.1:{port}/ws"
    seen = {}
    async with websockets.connect(url, compression=None) as bare, \
            websockets.connect(url, subprotocols=["faultline.v1"], compression=None) as v1:
        assert v1.subprotocol == "faultline.v1", v1.subprotocol
        held = None
        for number in range(1, PUBLICATIONS + 1):
            publish()
            expected = contract.read_snapshot(await next_message(bare))
            assert expected["seq"] == number, (expected["seq"], number)
            while held is None or held["seq"] < number:
                frame = contract.read_frame(await next_message(v1))
                seen[frame["type"]] = seen.get(frame["type"], 0) + 1
                if frame["type"] == "snapshot":
                    held = frame["snapshot"]
                elif frame["type"] == "delta":
                    assert frame["base_seq"] == held["seq"], "a delta must build on what was sent before"
                    held = applied(held, frame)
            assert held == expected, f"deltas do not add up at seq {number}"
        answer = urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/state", timeout=WAIT_S).read()
        assert contract.read_snapshot(answer) == held
        timeline = urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/timeline?since=10&limit=5", timeout=WAIT_S).read()
        assert [event["id"] for event in contract.read_timeline(timeline)["events"]] == [11, 12, 13, 14, 15], timeline
        await v1.send('{"type":"resync"}')
        await v1.send('{"type":"ping"}')
        wanted = {"snapshot", "heartbeat"}
        while wanted:
            frame = contract.read_frame(await next_message(v1))
            wanted.discard(frame["type"])
            seen[frame["type"]] = seen.get(frame["type"], 0) + 1
    missing = {"hello", "snapshot", "delta", "event", "heartbeat"} - set(seen)
    assert not missing, f"never sent: {missing}"
    assert seen["event"] == PUBLICATIONS, seen
    return seen


def main():
    program, schema_file = sys.argv[1:]
    contract = Contract(json.loads(pathlib.Path(schema_file).read_text()))
    with subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as server:
        port = int(server.stdout.readline())
        seen = asyncio.run(check(port, lambda: server.stdin.write("\n"), contract))
        server.stdin.close()
        assert server.wait(WAIT_S) == 0
    print("valid frames:", seen)


if __name__ == "__main__":
    main()
