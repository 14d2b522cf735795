"""A simulated cluster with certificates, asked by other people's clients: what was recorded from a secure real one.

Only simulated nodes are started here: what the real one answers is in the sentences themselves."""

import http.client
import os
import signal
import ssl
import subprocess

import psycopg2
import pytest

import certs
from cluster import HOST, cockroach_binary, free_ports, is_simulated, until

SCALE = 10  # Ten seconds of a login that waits for quorum take one.


@pytest.fixture(scope="module", autouse=True)
def simulated_only():
    if not is_simulated():
        pytest.skip("starts simulated nodes with its own flags")


class SecureCluster:
    def __init__(self, directory, profile):
        self.certs = certs.make_all(directory / "certs", ["root", "usr"])
        other = certs.make_authority(directory / "other")
        certs.make_certificate(other, "client.root", "root")
        self.foreign = other
        self.sql, self.http = free_ports(3), free_ports(3)
        join = ",".join(f"{HOST}:{port}" for port in self.sql)
        self.children = []
        for number in range(3):
            with open(directory / f"node{number + 1}.log", "wb") as log:
                self.children.append(subprocess.Popen(
                    [cockroach_binary(), "start", f"--certs-dir={self.certs}", f"--profile={profile}",
                     f"--store={directory / f'store{number + 1}'}", f"--listen-addr={HOST}:{self.sql[number]}",
                     f"--http-addr={HOST}:{self.http[number]}", f"--join={join}", f"--time-scale={SCALE}"],
                    stdout=log, stderr=log))
        until(lambda: self.get(0, "/health")[0] == 200, 20, "the first node answers /health")
        subprocess.run([cockroach_binary(), "init", f"--certs-dir={self.certs}", f"--host={HOST}:{self.sql[0]}"],
                       check=True, timeout=20, capture_output=True)
        for number in range(3):
            until(lambda: self.get(number, "/health?ready=1")[0] == 200, 30, f"node {number + 1} is ready")

    def get(self, node, path, tls=True):
        """Status and body, or (None, reason) while nobody answers."""
        context = ssl.create_default_context(cafile=self.certs / "ca.crt")
        connection = (http.client.HTTPSConnection(HOST, self.http[node], timeout=5, context=context) if tls
                      else http.client.HTTPConnection(HOST, self.http[node], timeout=5))
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except OSError as error:
            return None, str(error)
        finally:
            connection.close()

    def login(self, node, user, certificate=None, folder=None, **more):
        options = {"host": HOST, "port": self.sql[node], "user": user, "dbname": "system",
                   "sslmode": "verify-full", "sslrootcert": str(self.certs / "ca.crt"), "connect_timeout": 20,
                   # libpq looks for a certificate in the home of whoever runs this; none is there by this name.
                   "sslcert": str(self.certs / "none.crt"), **more}
        if certificate:
            folder = folder or self.certs
            options |= {"sslcert": str(folder / f"client.{certificate}.crt"),
                        "sslkey": str(folder / f"client.{certificate}.key")}
        connection = psycopg2.connect(**options)
        connection.autocommit = True
        return connection

    def refused(self, node, user, **how):
        with pytest.raises(psycopg2.OperationalError) as caught:
            self.login(node, user, **how)
        return str(caught.value)

    def ask(self, connection, statement):
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def close(self):
        for child in self.children:
            child.kill()
        for child in self.children:
            child.wait(10)


@pytest.fixture(scope="module")
def secure(tmp_path_factory):
    cluster = SecureCluster(tmp_path_factory.mktemp("secure"), "22.1")
    root = cluster.login(0, "root", certificate="root")
    cluster.ask(root, "create user usr with password 'usrpw'")
    cluster.ask(root, "create user nopw")
    yield cluster
    cluster.close()


def test_who_gets_in_and_in_which_words_others_do_not(secure):
    assert secure.ask(secure.login(0, "root", certificate="root"), "select 1") == [(1,)]
    assert secure.ask(secure.login(1, "usr", certificate="usr"), "select 1") == [(1,)]
    assert secure.ask(secure.login(2, "usr", password="usrpw"), "select 1") == [(1,)]
    for user in ("usr", "ghost", "nopw", "root"):
        assert f"password authentication failed for user {user}" in secure.refused(0, user, password="wrong")
    assert "requested user is root, but certificate is for [usr]" in secure.refused(0, "root", certificate="usr")
    assert "bad certificate" in secure.refused(0, "root", certificate="root", folder=secure.foreign)
    assert "node is running secure mode, SSL connection required" in secure.refused(0, "root", sslmode="disable")


def test_privileges_are_refused_as_recorded(secure):
    usr = secure.login(1, "usr", password="usrpw")
    for table, text in {
            "crdb_internal.gossip_nodes": "only users with the admin role are allowed to read crdb_internal.gossip_nodes",
            "crdb_internal.ranges": "only users with the ZONECONFIG privilege or the admin role can read "
                                    "crdb_internal.ranges_no_leases",
            "system.rangelog": "user usr does not have SELECT privilege on relation rangelog"}.items():
        with pytest.raises(psycopg2.errors.InsufficientPrivilege, match=text):
            secure.ask(usr, f"select * from {table}")
    assert len(secure.ask(usr, "select * from crdb_internal.node_build_info")) == 6
    root = secure.login(0, "root", certificate="root")
    secure.ask(root, "grant admin to usr")
    until(lambda: len(secure.ask(root, "select 1")) == 1, 5, "root still asks")
    rows = until(lambda: _gossip(secure, usr), 10, "usr is an admin on another node, too")
    assert len(rows) == 3
    secure.ask(root, "revoke admin from usr")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege, match="cannot GRANT on system object"):
        secure.ask(root, "grant select on table system.rangelog to usr")


def _gossip(secure, connection):
    try:
        return secure.ask(connection, "select node_id from crdb_internal.gossip_nodes")
    except psycopg2.errors.InsufficientPrivilege:
        return []


def test_https_without_login_and_http_is_sent_there(secure):
    status, body = secure.get(0, "/_status/vars")
    assert status == 200 and "liveness_livenodes 3" in body
    assert secure.get(0, "/health", tls=False) == (200, "{\n\n}")
    assert secure.get(0, "/_status/vars", tls=False)[0] == 307


def test_without_quorum_root_gets_in_by_certificate_and_a_stranger_waits_ten_seconds(tmp_path):
    cluster = SecureCluster(tmp_path, "24.3")
    try:
        for child in cluster.children[1:]:
            os.kill(child.pid, signal.SIGKILL)
            child.wait(10)
        # Until its liveness runs out a leaseholder still reads for itself.
        until(lambda: cluster.get(0, "/health?ready=1")[0] == 503, 30, "the survivor is not healthy")
        # Nobody but root has ever logged in through the survivor: it does not know who there is.
        text = cluster.refused(0, "ghost", password="x")
        assert 'operation "get-user-timeout" timed out after 10s' in text
        assert "internal error while retrieving user account" in text
        root = cluster.login(0, "root", certificate="root")
        assert cluster.ask(root, "select count(*) from crdb_internal.gossip_nodes") == [(3,)]
    finally:
        cluster.close()
