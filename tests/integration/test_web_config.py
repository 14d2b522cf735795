"""TLS, logins, reload and /sd of the exporter, by other people's clients. No cluster is needed."""

import asyncio
import base64
import ctypes
import http.client
import os
import signal
import socket
import ssl
import subprocess

import pytest
import websockets

import wire
from cluster import BIN, HOST, Daemon, free_ports, until
from local.processes import Process


def certificate(folder, name):
    """A new key and a certificate of its own; returns its path."""
    cert, key = folder / f"{name}.crt", folder / f"{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", f"/CN={name}", "-addext", f"subjectAltName=IP:{HOST}", "-keyout", key, "-out", cert],
                   check=True, capture_output=True)
    return cert


def bcrypt(password):
    # Of least cost. Python's own module for it is gone from 3.13 on.
    library = ctypes.CDLL("libcrypt.so.1")
    library.crypt.restype = ctypes.c_char_p
    return library.crypt(password.encode(), b"$2b$04$" + b"saltsaltsaltsaltsaltsa").decode()


def login(user, password):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


class Guarded:
    """An exporter with a web config that can be changed while it runs."""

    def __init__(self, folder):
        self.folder = folder
        self.config = folder / "web.yml"
        [port] = free_ports(1)
        argv = [str(BIN / "faultline-exporter"), f"--web.listen-address={HOST}:{port}", f"--web.config.file={self.config}",
                "--web.enable-lifecycle", "--cockroach.sql=127.0.0.1:1"]
        self.daemon = Daemon("exporter", folder, argv, port)

    def write(self, cert, password):
        text = ""
        if cert:
            text += f"tls_server_config:\n  cert_file: {cert.name}\n  key_file: {cert.stem}.key\n  min_version: TLS13\n"
        if password:
            text += f"basic_auth_users:\n  alice: {bcrypt(password)}\n"
        self.config.write_text(text)

    def get(self, path, cert, headers=None, method="GET"):
        context = ssl.create_default_context(cafile=str(cert)) if cert else None
        connection = (http.client.HTTPSConnection(HOST, self.daemon.port, context=context, timeout=10) if cert
                      else http.client.HTTPConnection(HOST, self.daemon.port, timeout=10))
        connection.request(method, path, headers=headers or {})
        answer = connection.getresponse()
        return wire.Answer(answer.status, answer.headers, answer.read())


@pytest.fixture
def guarded(tmp_path):
    one = Guarded(tmp_path)
    yield one
    one.daemon.stop()


def start_and_wait(guarded, cert, headers):
    guarded.daemon.process = Process("exporter", guarded.daemon.argv, guarded.daemon.log)

    def healthy():
        try:
            return guarded.get("/-/healthy", cert, headers).status == 200
        except OSError:
            return False

    until(healthy, 15, "the exporter answers")


def test_only_those_who_log_in_are_served_and_over_tls_the_stream_too(guarded, tmp_path):
    cert = certificate(tmp_path, "first")
    guarded.write(cert, "correct horse")
    alice = login("alice", "correct horse")
    start_and_wait(guarded, cert, alice)

    assert guarded.get("/metrics", cert, alice).status == 200
    for headers in ({}, login("alice", "wrong"), login("bob", "correct horse"), {"Authorization": "Basic !"},
                    {"Authorization": "Bearer x"}, login("alice", "correct horse\0x"), login("alice", "")):
        answer = guarded.get("/metrics", cert, headers)
        assert answer.status == 401, (headers, answer)
        assert answer.headers["WWW-Authenticate"].startswith("Basic ")
        assert "faultline_up" not in answer.text
    with pytest.raises(OSError):
        guarded.get("/metrics", None, alice)

    async def snapshots():
        context = ssl.create_default_context(cafile=str(cert))
        url = f"wss://{HOST}:{guarded.daemon.port}/ws"
        async with websockets.connect(url, ssl=context, extra_headers=alice, compression=None) as stream:
            return [await asyncio.wait_for(stream.recv(), 10) for _ in range(2)]

    assert all('"verdict"' in text for text in asyncio.run(snapshots()))

    old = ssl.create_default_context(cafile=str(cert))
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with socket.create_connection((HOST, guarded.daemon.port), timeout=5) as plain, pytest.raises(ssl.SSLError):
        old.wrap_socket(plain, server_hostname=HOST)

    log = guarded.daemon.log.read_text()
    assert "correct horse" not in log and "$2b$" not in log


def test_reload_takes_a_new_certificate_and_new_logins_and_refuses_a_broken_file(guarded, tmp_path):
    first, second = certificate(tmp_path, "first"), certificate(tmp_path, "second")
    guarded.write(first, "one")
    start_and_wait(guarded, first, login("alice", "one"))

    guarded.write(second, "two")
    assert guarded.get("/-/reload", first, login("alice", "one"), method="POST").status == 200
    assert guarded.get("/metrics", second, login("alice", "two")).status == 200
    assert guarded.get("/metrics", second, login("alice", "one")).status == 401

    guarded.config.write_text("basic_auth_user:\n  alice: x\n")
    broken = guarded.get("/-/reload", second, login("alice", "two"), method="POST")
    assert broken.status == 500 and "basic_auth_user is not known here" in broken.text
    assert guarded.get("/metrics", second, login("alice", "two")).status == 200, "the old one stays"

    guarded.write(first, "three")
    os.kill(guarded.daemon.process.pid, signal.SIGHUP)

    def changed():
        try:
            return guarded.get("/metrics", first, login("alice", "three")).status == 200
        except OSError:
            return False

    until(changed, 10, "SIGHUP reloads as well")
    assert guarded.get("/-/reload", first, login("alice", "three")).status == 405


def signed(folder, name, authority):
    """A key and a certificate for clients that `authority` has signed; returns its path."""
    cert, key, request = (folder / f"{name}.{end}" for end in ("crt", "key", "csr"))
    subprocess.run(["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}",
                    "-keyout", key, "-out", request], check=True, capture_output=True)
    subprocess.run(["openssl", "x509", "-req", "-in", request, "-CA", authority, "-CAkey", authority.with_suffix(".key"),
                    "-CAcreateserial", "-days", "2", "-out", cert], check=True, capture_output=True)
    return cert


def test_only_clients_with_a_certificate_of_the_ca_come_in_and_the_headers_are_sent(guarded, tmp_path):
    cert, authority, stranger = (certificate(tmp_path, name) for name in ("server", "authority", "stranger"))
    guarded.config.write_text(
        f"tls_server_config:\n  cert_file: {cert.name}\n  key_file: {cert.stem}.key\n  client_ca_file: {authority.name}\n"
        "  client_auth_type: RequireAndVerifyClientCert\nhttp_server_config:\n  headers:\n    X-Frame-Options: deny\n")

    def get(client):
        context = ssl.create_default_context(cafile=cert)
        if client:
            context.load_cert_chain(client, client.with_suffix(".key"))
        connection = http.client.HTTPSConnection(HOST, guarded.daemon.port, context=context, timeout=5)
        connection.request("GET", "/-/healthy")
        return connection.getresponse()

    def reached():
        try:
            return get(friend)
        except ConnectionRefusedError:
            return None

    friend = signed(tmp_path, "friend", authority)
    guarded.daemon.process = Process("exporter", guarded.daemon.argv, guarded.daemon.log)
    answer = until(reached, 15, "a client with a certificate comes in")
    assert answer.status == 200 and answer.headers["X-Frame-Options"] == "deny"
    assert get(friend).status == 200, "again, whatever was kept of the first session"
    for other in (None, signed(tmp_path, "other", stranger)):
        with pytest.raises((ssl.SSLError, ConnectionError, http.client.RemoteDisconnected)):
            get(other)


def test_a_web_config_that_is_wrong_stops_the_program_at_start(tmp_path):
    config = tmp_path / "web.yml"
    for text, complaint in (("tls_server_config:\n  cert_file: x.crt\n", "tls_server_config.key_file is missing"),
                            ("tls_server_config:\n  cert_file: x.crt\n  key_file: x.key\n", "cert_file"),
                            ("basic_auth_users:\n  alice: secret\n", "basic_auth_users.alice is no bcrypt hash"),
                            ("basic_auth_users: [\n", "line"), ("http_server_config:\n  http3: true\n", "http_server_config"),
                            ("rate_limit:\n  burst: 1\n", "rate_limit is not supported here")):
        config.write_text(text)
        run = subprocess.run([BIN / "faultline-exporter", f"--web.config.file={config}", f"--web.listen-address={HOST}:0"],
                             capture_output=True, text=True, timeout=20)
        assert run.returncode == 2 and complaint in run.stderr and "secret" not in run.stderr, (text, run)
        assert run.stderr.count("\n") == 1, run.stderr
