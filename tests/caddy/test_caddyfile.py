"""What the one door lets through, adds, refuses and says."""

import asyncio
import base64
import http.client
import json
import os
import ssl
import pathlib
import socket
import subprocess

import pytest
import websockets

import wire
from cluster import free_ports, until

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def adapt(caddy, **environment):
    return subprocess.run([caddy, "validate", "--config", "Caddyfile", "--adapter", "caddyfile"], cwd=ROOT,
                          env={**os.environ, **environment}, capture_output=True, text=True)


def test_the_caddyfile_is_valid_as_it_stands(caddy):
    done = adapt(caddy)
    assert done.returncode == 0, done.stderr


def test_the_caddyfile_is_formatted(caddy):
    done = subprocess.run([caddy, "fmt", "Caddyfile"], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == (ROOT / "Caddyfile").read_text()


def test_a_domain_gets_https_by_itself(caddy, tmp_path):
    done = subprocess.run([caddy, "adapt", "--config", "Caddyfile", "--adapter", "caddyfile"], cwd=ROOT,
                          env={**os.environ, "FAULTLINE_SITE_ADDRESS": "demo.example.org", "FAULTLINE_BIND": "0.0.0.0"},
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    [server] = json.loads(done.stdout)["apps"]["http"]["servers"].values()
    assert server["listen"] == ["0.0.0.0:443"]
    assert not server.get("automatic_https", {}).get("disable")


def test_without_configuration_it_listens_on_this_machine_only(caddy):
    done = subprocess.run([caddy, "adapt", "--config", "Caddyfile", "--adapter", "caddyfile"], cwd=ROOT,
                          env={k: v for k, v in os.environ.items() if not k.startswith("FAULTLINE_")},
                          capture_output=True, text=True)
    for server in json.loads(done.stdout)["apps"]["http"]["servers"].values():
        assert server["listen"] == ["127.0.0.1:8088"]


def test_the_page_and_any_view_of_it_are_the_index_and_are_asked_for_anew(site):
    for path in ("/", "/report/17"):
        answer = wire.call(site.url + path)
        assert answer.status == 200 and b"<title>page</title>" in answer.body
        assert answer.headers["Cache-Control"] == "no-cache"


def test_assets_are_kept_for_ever_and_a_missing_one_is_not_the_page(site):
    answer = wire.call(site.url + "/assets/index-abc123.js", headers={"Accept-Encoding": "gzip"})
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Content-Encoding"] == "gzip"
    missing = wire.call(site.url + "/assets/index-old.js")
    assert missing.status == 404 and b"<title>" not in missing.body
    assert missing.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/", "/assets/gone.js", "/api/v1/state", "/api/chaos/v1/faults", "/metrics"])
def test_strict_headers_are_on_every_answer_once(site, path):
    answer = wire.call(site.url + path)
    policy = answer.headers.get_all("Content-Security-Policy")
    assert len(policy) == 1
    for rule in ("default-src 'self'", "connect-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"):
        assert rule in policy[0]
    assert "unsafe" not in policy[0]
    assert answer.headers.get_all("X-Content-Type-Options") == ["nosniff"]
    assert answer.headers.get_all("Referrer-Policy") == ["no-referrer"]
    assert "camera=()" in answer.headers["Permissions-Policy"]
    assert "Server" not in answer.headers
    assert "Strict-Transport-Security" not in answer.headers, "a promise that plain http must not make"


def test_state_goes_to_the_exporter_under_its_own_path(site, exporter_stub):
    answer = wire.call(site.url + "/api/v1/state?x=1", headers={"Accept-Encoding": "gzip"})
    assert answer.status == 200 and answer.headers["Content-Encoding"] == "gzip"
    assert exporter_stub.last()[1] == "/api/v1/state?x=1"
    assert "Authorization" not in exporter_stub.last()[2], "the token is for chaosd alone"


def test_chaos_calls_go_to_chaosd_with_the_operators_token(site, chaosd_stub):
    answer = wire.call(site.url + "/api/chaos/v1/faults", "POST", json_body={"kind": "kill"})
    method, path, headers, body = chaosd_stub.last()
    assert (answer.status, method, path, body) == (202, "POST", "/api/chaos/v1/faults", b'{"kind": "kill"}')
    assert headers.get_all("Authorization") == ["Bearer the-operators"]
    assert headers["Host"] == f"127.0.0.1:{site.port}", "chaosd checks the name that the browser used"


def test_a_token_of_ones_own_is_passed_on_untouched(site, chaosd_stub):
    wire.call(site.url + "/api/chaos/v1/audit", token="mine")
    assert chaosd_stub.last()[2].get_all("Authorization") == ["Bearer mine"]


def test_the_origin_reaches_chaosd_which_judges_it(site, chaosd_stub):
    wire.call(site.url + "/api/chaos/v1/heal", "POST", headers={"Origin": "https://evil.example"})
    assert chaosd_stub.last()[2]["Origin"] == "https://evil.example"


@pytest.mark.parametrize("path", ["/metrics", "/-/healthy", "/-/ready", "/sd", "/sd/targets", "/probe", "/api", "/api/", "/api/v2/x", "/ws/x"])
def test_what_the_programs_serve_for_the_machine_room_is_not_routed(site, exporter_stub, chaosd_stub, path):
    before = len(exporter_stub.seen) + len(chaosd_stub.seen)
    answer = wire.call(site.url + path)
    assert answer.status == 404 and b"<title>" not in answer.body
    assert len(exporter_stub.seen) + len(chaosd_stub.seen) == before
    if path.startswith("/api"):
        wire.problem(answer, 404)


@pytest.mark.parametrize("path", ["//api/chaos/v1/heal", "/./api/chaos/v1/heal", "/x/../metrics", "/%6detrics", "/%61pi/chaos/v1/heal"])
def test_another_spelling_of_a_path_reaches_nothing_that_it_should_not(site, exporter_stub, chaosd_stub, path):
    """urllib would tidy the path up, so the request is written by hand."""
    chaosd_before, exporter_before = len(chaosd_stub.seen), len(exporter_stub.seen)
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=5)
    connection.putrequest("GET", path)
    connection.endheaders()
    connection.getresponse().read()
    assert len(exporter_stub.seen) == exporter_before
    for seen in chaosd_stub.seen[chaosd_before:]:
        assert seen[2].get_all("Authorization") == ["Bearer the-operators"], "routed as chaos, so treated as chaos"


@pytest.mark.parametrize("head, statuses", [
    ("Content-Length: 2\r\nContent-Length: 30\r\n", {400}),
    ("Content-Length: -5\r\n", {400}),
    ("Content-Length: 99999999999999999999999\r\n", {400}),
    ("Content-Length: 2\r\nTransfer-Encoding: chunked, identity\r\n", {400, 501}),
    ("Cache-Control: max-age=nonsense\r\nContent-Length: 2\r\n", {202}),
])
def test_a_request_that_two_readers_may_read_differently_does_not_reach_chaosd(site, chaosd_stub, head, statuses):
    """chaosd's HTTP library takes the first of two lengths, and answers some of these with its own exception."""
    before = len(chaosd_stub.seen)
    with socket.create_connection(("127.0.0.1", site.port), timeout=5) as raw:
        raw.sendall(f"POST /api/chaos/v1/heal HTTP/1.1\r\nHost: 127.0.0.1:{site.port}\r\nConnection: close\r\n"
                    f"Content-Type: application/json\r\n{head}\r\n{{}}".encode())
        answer = raw.recv(4096)
    assert int(answer.split()[1]) in statuses, answer
    if 202 not in statuses:
        assert len(chaosd_stub.seen) == before
    for _, _, headers, _ in chaosd_stub.seen[before:]:
        assert len(headers.get_all("Content-Length") or []) <= 1


def test_two_requests_in_one_packet_are_both_answered(site, chaosd_stub):
    """chaosd's HTTP library would answer the first alone."""
    before = len(chaosd_stub.seen)
    one = f"GET /api/chaos/v1/targets HTTP/1.1\r\nHost: 127.0.0.1:{site.port}\r\n"
    with socket.create_connection(("127.0.0.1", site.port), timeout=5) as raw:
        raw.sendall((one + "\r\n" + one + "Connection: close\r\n\r\n").encode())
        answer = b""
        while chunk := raw.recv(4096):
            answer += chunk
    assert answer.count(b"HTTP/1.1 ") == 2 and len(chaosd_stub.seen) == before + 2


def test_a_body_over_64_kib_is_refused(site, chaosd_stub):
    before = len(chaosd_stub.seen)
    answer = wire.call(site.url + "/api/chaos/v1/faults", "POST", body=b"x" * (64 * 1024 + 1),
                       headers={"Content-Type": "application/json"})
    said = wire.problem(answer, 413)
    assert "64 KiB" in said["detail"]
    assert not any(len(seen[3]) > 64 * 1024 for seen in chaosd_stub.seen[before:])


def test_websockets_pass_with_subprotocol_and_origin(site, exporter_stub):
    async def talk():
        async with websockets.connect(f"ws://127.0.0.1:{site.port}/ws", subprotocols=["faultline.v1"],
                                      origin=f"http://127.0.0.1:{site.port}") as socket:
            assert socket.subprotocol == "faultline.v1"
            assert await socket.recv() == "hello"
            await socket.send("ping")
            assert await socket.recv() == "ping"

    asyncio.run(talk())
    assert exporter_stub.last()[2]["Origin"] == f"http://127.0.0.1:{site.port}"


def test_a_daemon_that_is_away_is_named_in_a_problem(start_site):
    nobody, noone = free_ports(2)
    site = start_site(FAULTLINE_EXPORTER=f"127.0.0.1:{nobody}", FAULTLINE_CHAOSD=f"127.0.0.1:{noone}")
    assert "faultline-exporter" in wire.problem(wire.call(site.url + "/api/v1/state"), 502)["detail"]
    assert "faultline-chaosd" in wire.problem(wire.call(site.url + "/api/chaos/v1/targets"), 502)["detail"]
    assert wire.call(site.url + "/").status == 200, "the page itself stays"


def basic(user, password):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def test_with_a_user_everything_asks_for_the_password(start_site, caddy, chaosd_stub):
    hashed = subprocess.run([caddy, "hash-password", "--plaintext", "s3cret"], capture_output=True, text=True).stdout.strip()
    site = start_site(FAULTLINE_USER="ops", FAULTLINE_PASSWORD_HASH=hashed)
    for path in ("/", "/api/v1/state", "/api/chaos/v1/targets", "/assets/index-abc123.js"):
        assert wire.call(site.url + path).status == 401, path
        assert wire.call(site.url + path, headers=basic("ops", "wrong")).status == 401, path
        assert wire.call(site.url + path, headers=basic("ops", "s3cret")).status == 200, path
    assert chaosd_stub.last()[2].get_all("Authorization") == ["Bearer the-operators"]


def test_a_user_without_a_hash_locks(start_site):
    site = start_site(FAULTLINE_USER="ops")
    for password in ("", "ops", "nobody", "0123456789"):
        assert wire.call(site.url + "/", headers=basic("ops", password)).status == 401


def test_without_a_token_none_is_made_up(start_site, chaosd_stub):
    site = start_site(FAULTLINE_CHAOS_TOKEN="")
    wire.call(site.url + "/api/chaos/v1/targets")
    assert "Authorization" not in chaosd_stub.last()[2]


def over_tls(port, path, headers=None):
    # Caddy signs for a name of this machine itself; whom to trust is not the question here.
    context = ssl._create_unverified_context()

    def connect():
        # It listens a moment before its certificate is there.
        try:
            connection = http.client.HTTPSConnection("localhost", port, timeout=5, context=context)
            connection.request("GET", path, headers=headers or {})
            return connection
        except ssl.SSLError:
            return None

    connection = until(connect, 10, "Caddy has a certificate")
    answer = connection.getresponse()
    return answer.status, answer.headers, answer.read()


def test_over_https_without_a_password_the_token_is_not_lent(start_site, chaosd_stub):
    site = start_site(FAULTLINE_SITE_ADDRESS="https://localhost:{port}")
    status, headers, _ = over_tls(site.port, "/api/chaos/v1/targets")
    assert status == 200 and "Authorization" not in chaosd_stub.last()[2]
    assert headers["Strict-Transport-Security"].startswith("max-age=")


def test_over_https_with_a_password_the_token_is_lent(start_site, caddy, chaosd_stub):
    hashed = subprocess.run([caddy, "hash-password", "--plaintext", "s3cret"], capture_output=True, text=True).stdout.strip()
    site = start_site(FAULTLINE_SITE_ADDRESS="https://localhost:{port}", FAULTLINE_USER="ops", FAULTLINE_PASSWORD_HASH=hashed)
    assert over_tls(site.port, "/api/chaos/v1/targets")[0] == 401
    assert over_tls(site.port, "/api/chaos/v1/targets", basic("ops", "s3cret"))[0] == 200
    assert chaosd_stub.last()[2].get_all("Authorization") == ["Bearer the-operators"]
