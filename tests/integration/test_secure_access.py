"""Logins of the exporter over real TLS, and that its secrets stay with it. The peer is PostgreSQL; see tls_peer.py."""

import pytest

import picture
import tls_peer
import wire
from cluster import BIN, Daemon, HOST, free_ports
from local.parts import secret_file

pytestmark = pytest.mark.skipif(tls_peer.programs() is None, reason="needs PostgreSQL's server and openssl")

PASSWORD = "planted-Secret-9431"
TOKEN = "planted-token-8852"
# PostgreSQL authenticates first and then stumbles over a setting that only CockroachDB has.
PAST_THE_DOOR = 'unrecognized configuration parameter "allow_unsafe_internals"'


@pytest.fixture(scope="module")
def secure(tmp_path_factory):
    directory = tmp_path_factory.mktemp("secure")
    directory.chmod(0o755)
    certificates = tls_peer.Certificates(directory / "certs")
    certificates.client("watcher")
    stranger = tls_peer.Certificates(directory / "other-certs")
    stranger.client("watcher")
    peer = tls_peer.TlsPeer(directory, certificates, PASSWORD)
    try:
        peer.start()
        yield peer, certificates.directory, stranger.directory
    finally:
        peer.close()


@pytest.fixture
def run(tmp_path):
    """Starts exporters with these flags; stops them afterwards."""
    started = []

    def start(address, *flags):
        [port] = free_ports(1)
        argv = [str(BIN / "faultline-exporter"), f"--web.listen-address={HOST}:{port}", f"--cockroach.sql={address}",
                "--log.level=debug", *flags]
        started.append(Daemon(f"exporter-{len(started)}", tmp_path, argv, port).start())
        return started[-1]

    yield start
    for daemon in started:
        daemon.stop()


def source(snapshot, name):
    return next(one for one in snapshot["sources"] if one["name"] == name)


# The second of the two sessions that want the only node there is.
NOT_YET = ("", "not read yet", "there is no other node to ask")


def gossip_error(daemon):
    """What the gossip source says is wrong, other than that a busy machine was too slow for once."""
    def told(s):
        error = source(s, "gossip")["error"]
        return error not in NOT_YET and "before the deadline" not in error

    return source(picture.state_when(daemon, told, 15, "gossip says what is wrong"), "gossip")["error"]


def test_a_client_certificate_and_a_password_get_in(secure, run):
    peer, certs, _ = secure
    assert PAST_THE_DOOR in gossip_error(run(peer.address, "--cockroach.user=watcher", f"--cockroach.certs-dir={certs}"))
    password = secret_file(certs / "password", PASSWORD)
    assert PAST_THE_DOOR in gossip_error(run(peer.address, "--cockroach.user=by-password", f"--cockroach.certs-dir={certs}",
                                             f"--cockroach.password-file={password}"))


def test_a_password_is_not_accompanied_by_a_certificate_that_lies_about(secure, run, tmp_path, monkeypatch):
    """libpq shows ~/.postgresql/postgresql.crt by itself, and a server refuses one that it does not believe."""
    peer, certs, stranger = secure
    lying_about = tmp_path / ".postgresql"
    lying_about.mkdir()
    for ending in ("crt", "key"):
        tls_peer.run("cp", "-p", stranger / f"client.watcher.{ending}", lying_about / f"postgresql.{ending}")
    monkeypatch.setenv("HOME", str(tmp_path))
    password = secret_file(certs / "password", PASSWORD)
    assert PAST_THE_DOOR in gossip_error(run(peer.address, "--cockroach.user=by-password", f"--cockroach.certs-dir={certs}",
                                             f"--cockroach.password-file={password}"))


def test_a_stranger_s_certificate_and_another_name_are_certificate_problems(secure, run):
    peer, certs, stranger = secure
    assert "certificate problem" in gossip_error(run(peer.address, "--cockroach.user=watcher", f"--cockroach.certs-dir={stranger}"))
    elsewhere = f"127.0.0.1:{peer.port}"  # Right server, but its certificate is for localhost.
    assert "certificate problem" in gossip_error(run(elsewhere, "--cockroach.user=watcher", f"--cockroach.certs-dir={certs}"))


def test_another_user_s_certificate_is_a_refused_login(secure, run):
    peer, certs, _ = secure
    tls_peer.run("cp", certs / "client.watcher.crt", certs / "client.root.crt")
    tls_peer.run("cp", certs / "client.watcher.key", certs / "client.root.key")
    assert "login refused" in gossip_error(run(peer.address, f"--cockroach.certs-dir={certs}"))


def test_a_planted_secret_is_nowhere_in_what_the_exporter_says(secure, run, tmp_path):
    peer, certs, _ = secure
    # A wrong password, so that there are errors about it to be told, and a token for a chaosd that is not there.
    daemon = run(peer.address, "--cockroach.user=by-password", f"--cockroach.certs-dir={certs}",
                 f"--cockroach.password-file={secret_file(tmp_path / 'password', PASSWORD + '-wrong')}",
                 "--chaosd.address=127.0.0.1:1", f"--chaosd.token-file={secret_file(tmp_path / 'token', TOKEN)}")
    error = gossip_error(daemon)
    assert "login refused" in error and "--cockroach.password-file" in error
    said = {path: wire.call(daemon.url + path).text
            for path in ("/", "/metrics", "/api/v1/state", "/api/v1/timeline", "/-/ready", "/-/healthy")}
    daemon.stop()
    said["the log"] = daemon.log.read_text()
    assert "source failed source=gossip" in said["the log"], "the log must have had a reason to speak"
    told = [line.split("error=")[1] for line in said["the log"].splitlines() if "source failed source=gossip" in line]
    assert len(told) == len(set(told)), "each reason once, not with each try"
    for where, text in said.items():
        assert "planted" not in text, f"a secret is in {where}"
