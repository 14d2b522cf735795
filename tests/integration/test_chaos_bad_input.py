"""Bad input to chaosd: a clear answer that names what is wrong, and nothing changed."""

import http.client
import socket

import pytest

import wire
from cluster import ADMIN, OPERATOR, VIEWER, Sleeper, chaosd, until

FAULTS = "/api/chaos/v1/faults"
GOOD = {"kind": "pause", "target": "sleeper-1", "duration_s": 60}


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    directory = tmp_path_factory.mktemp("chaosd")
    sleepers = [Sleeper(directory, number) for number in (1, 2)]
    for sleeper in sleepers:
        sleeper.start()
    daemon = chaosd(directory, sleepers).start(ready="/-/ready")
    daemon.sleepers = sleepers
    yield daemon
    daemon.kill()
    for sleeper in sleepers:
        sleeper.close()


@pytest.fixture(autouse=True)
def nothing_changed(running):
    """After each of these: the same processes, running, and no fault."""
    pids = [sleeper.pid for sleeper in running.sleepers]
    yield
    assert [sleeper.pid for sleeper in running.sleepers] == pids
    assert all(sleeper.state() == "running" for sleeper in running.sleepers)
    assert wire.Chaos(running.url, VIEWER).faults("all") == []
    assert running.process.running()


def without(field):
    return {k: v for k, v in GOOD.items() if k != field}


@pytest.mark.parametrize("body, status, names", [
    (without("kind"), 422, "/kind"),
    ({**GOOD, "kind": "explode"}, 422, "/kind"),
    ({**GOOD, "kind": 7}, 422, "/kind"),
    ({**GOOD, "kind": None}, 422, "/kind"),
    (without("duration_s"), 422, "/duration_s"),
    ({**GOOD, "duration_s": None}, 422, "/duration_s"),
    ({**GOOD, "duration_s": "60"}, 422, "/duration_s"),
    ({**GOOD, "duration_s": 1.5}, 422, "/duration_s"),
    ({**GOOD, "duration_s": 0}, 422, "/duration_s"),
    ({**GOOD, "duration_s": -1}, 422, "/duration_s"),
    ({**GOOD, "duration_s": 1801}, 422, "/duration_s"),
    ({**GOOD, "duration_s": 2 ** 63}, 422, "/duration_s"),
    ({**GOOD, "duration_s": [60]}, 422, "/duration_s"),
    (without("target"), 422, "/target"),
    ({**GOOD, "target": ""}, 422, "/target"),
    ({**GOOD, "target": ["sleeper-1"]}, 422, "/target"),
    ({**GOOD, "node_id": 1}, 422, "/target"),
    ({**without("target"), "node_id": "1"}, 422, "/node_id"),
    ({**GOOD, "grace_s": 5}, 422, "/grace_s"),
    ({**GOOD, "kind": "stop", "grace_s": "5"}, 422, "/grace_s"),
    ({**GOOD, "kind": "stop", "grace_s": -5}, 422, "/grace_s"),
])
def test_a_wrong_field_is_named(running, body, status, names):
    said = wire.problem(wire.Chaos(running.url, OPERATOR).post("faults", body), status)
    pointers = [error["pointer"] for error in said["errors"]]
    assert names in pointers or (names == "/target" and "/node_id" in pointers), said
    assert said["detail"]


@pytest.mark.parametrize("body", [
    {**GOOD, "target": "sleeper-9"}, {**GOOD, "target": "../sleeper-1"}, {**GOOD, "target": "sleeper-1\n"},
    {**GOOD, "target": "*"}])
def test_an_unknown_target_is_not_found(running, body):
    answer = wire.Chaos(running.url, OPERATOR).post("faults", body)
    assert answer.status in (404, 422), answer
    said = wire.problem(answer, answer.status)
    assert said["detail"]


def test_a_node_id_means_nothing_without_an_exporter_to_ask(running):
    said = wire.problem(wire.Chaos(running.url, OPERATOR).post("faults", {**without("target"), "node_id": 1}), 409)
    assert said["errors"][0]["pointer"] == "/node_id" and "--exporter.address" in said["detail"]


@pytest.mark.parametrize("text", [
    b"", b"{", b"nonsense", b"[]", b'"text"', b"null", b"7", b'{"kind":"pause",}', b"\xff\xfe", b'{"a":' * 5000,
    b'{"kind": "pause", "target": "sleeper-1", "duration_s": 60} trailing'])
def test_a_body_that_is_no_json_object_is_refused(running, text):
    answer = wire.call(running.url + FAULTS, "POST", body=text, token=OPERATOR, headers={"Content-Type": "application/json"})
    assert answer.status in (400, 422), answer
    wire.problem(answer, answer.status)


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_a_body_that_is_not_declared_as_json_is_refused(running, content_type):
    """A form on another site can send these three without asking the browser's leave."""
    import json
    answer = wire.call(running.url + FAULTS, "POST", body=json.dumps(GOOD).encode(), token=OPERATOR,
                       headers={"Content-Type": content_type})
    wire.problem(answer, 415)


def test_a_body_over_the_limit_is_refused(running):
    import json
    body = json.dumps({**GOOD, "target": "x" * 70_000}).encode()
    try:
        answer = wire.call(running.url + FAULTS, "POST", body=body, token=OPERATOR, headers={"Content-Type": "application/json"})
    except (ConnectionError, OSError):
        return  # Cut off in the middle of it is clear as well.
    assert answer.status == 413, answer


@pytest.mark.parametrize("method, path", [
    ("POST", FAULTS), ("POST", "/api/chaos/v1/heal"), ("DELETE", FAULTS + "/f-1"),
    ("POST", "/api/chaos/node/stop?name=sleeper-1"), ("POST", "/api/chaos/node/start?name=sleeper-1"),
    ("GET", "/api/chaos/v1/targets"), ("GET", FAULTS), ("GET", "/api/chaos/v1/events"), ("GET", "/api/chaos/v1/audit"),
    ("GET", "/api/chaos/v1/capabilities")])
@pytest.mark.parametrize("authorization", [
    None, "Bearer wrong-token-of-the-tests", "Bearer ", "Basic b3BzOm9wcw==", f"Bearer {OPERATOR}x", f"Bearer {OPERATOR[:-1]}"])
def test_without_a_right_token_nothing_is_answered(running, method, path, authorization):
    headers = {"Authorization": authorization} if authorization else {}
    answer = wire.call(running.url + path, method, json_body=GOOD if path == FAULTS and method == "POST" else None, headers=headers)
    wire.problem(answer, 401)
    assert "Bearer" in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("method, path", [
    ("POST", FAULTS), ("POST", "/api/chaos/v1/heal"), ("DELETE", FAULTS + "/f-1"),
    ("POST", "/api/chaos/node/stop?name=sleeper-1"), ("POST", "/api/chaos/node/start?name=sleeper-1")])
def test_a_viewer_changes_nothing(running, method, path):
    wire.problem(wire.call(running.url + path, method, json_body=GOOD if path == FAULTS else None, token=VIEWER), 403)


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost.evil.example", "http://127.0.0.1:1"])
def test_a_page_of_another_origin_is_refused(running, origin):
    answer = wire.call(running.url + FAULTS, "POST", json_body=GOOD, token=OPERATOR, headers={"Origin": origin})
    wire.problem(answer, 403)


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "evil.example:8096"])
def test_a_name_that_is_not_ours_is_refused(running, host):
    """A rebound DNS name makes a browser call us under its own name."""
    answer = wire.call(running.url + FAULTS, "POST", json_body=GOOD, token=OPERATOR, headers={"Host": host})
    wire.problem(answer, 403)


@pytest.mark.parametrize("path", ["node/stop", "node/stop?name=", "node/stop?name=sleeper-1&duration_s=abc", "node/stop?name=sleeper-1&duration_s=0",
                                  "node/stop?name=sleeper-1&duration_s=99999", "node/start", "node/start?name="])
def test_the_original_calls_check_too(running, path):
    wire.problem(wire.call(f"{running.url}/api/chaos/{path}", "POST", token=OPERATOR), 422)


@pytest.mark.parametrize("path", ["node/stop?name=nobody", "node/start?name=nobody"])
def test_the_original_calls_find_nobody(running, path):
    wire.problem(wire.call(f"{running.url}/api/chaos/{path}", "POST", token=OPERATOR), 404)


@pytest.mark.parametrize("method, path, status", [
    ("GET", "/api/chaos/node/stop?name=sleeper-1", 405), ("PUT", FAULTS, 405), ("DELETE", FAULTS, 405),
    ("GET", "/api/chaos/v1/heal", 405), ("GET", "/api/chaos/v1/nothing", 404), ("GET", FAULTS + "/f-unknown", 404),
    ("DELETE", FAULTS + "/f-unknown", 404), ("GET", FAULTS + "?state=weird", 422), ("GET", "/api/chaos/v2/faults", 404)])
def test_wrong_methods_and_addresses(running, method, path, status):
    wire.problem(wire.call(running.url + path, method, token=OPERATOR), status)


@pytest.mark.parametrize("query, status", [("limit=0", 422), ("limit=abc", 422), ("limit=1000000", 422)])
def test_the_audit_checks_its_limit(running, query, status):
    wire.problem(wire.call(f"{running.url}/api/chaos/v1/audit?{query}", token=ADMIN), status)


@pytest.mark.parametrize("query", ["after=abc", "after=-1", "after=0&wait_ms=abc", "after=0&wait_ms=-1"])
def test_the_event_feed_checks_its_questions(running, query):
    wire.problem(wire.call(f"{running.url}/api/chaos/v1/events?{query}", token=VIEWER), 422)


@pytest.mark.parametrize("raw", [
    b"\r\n\r\n", b"GARBAGE\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"POST " + b"/x" * 5000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"POST /api/chaos/v1/heal HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
    b"POST /api/chaos/v1/heal HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999999\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200])
def test_bytes_that_are_no_request_leave_it_alive(running, raw):
    host, port = running.address.split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(raw)
        connection.settimeout(0.5)
        try:
            connection.recv(1000)
        except (TimeoutError, ConnectionError):
            pass
    assert wire.call(running.url + "/-/healthy").status == 200


def test_no_answer_tells_a_token_or_what_went_on_inside(running):
    for path in ("", "/", "/%", "/api/chaos/v1/faults/%zz", "/api/chaos/v1/faults/" + "x" * 500):
        connection = http.client.HTTPConnection(*running.address.split(":"), timeout=5)
        connection.request("GET", path or "/x", headers={"Authorization": f"Bearer {OPERATOR}"})
        answer = connection.getresponse()
        text = answer.read().decode()
        assert answer.status in (400, 404, 405), (path, answer.status, text)
        assert OPERATOR not in text and "std::" not in text and "what()" not in text


def test_refused_calls_are_in_the_audit_without_secrets(running):
    secret = "a-wrong-token-that-must-not-be-kept"
    wire.call(running.url + FAULTS, "POST", json_body=GOOD, token=secret)

    def entry():
        entries = wire.call(running.url + "/api/chaos/v1/audit?limit=50", token=ADMIN).json["entries"]
        return next((one for one in entries if one["status"] == 401 and one["path"] == FAULTS), None)

    kept = until(entry, 5, "the refused call is in the audit")
    assert kept["role"] == "none" and kept["method"] == "POST"
    for file in running.directory.rglob("*"):
        if file.is_file() and file.name != "chaosd.tokens":
            text = file.read_text(errors="replace")
            assert secret not in text and OPERATOR not in text, file
