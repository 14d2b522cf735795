"""Three nodes with certificates, and what a person would do to them as root."""

import os
import pathlib
import shutil
import signal
import subprocess

import psycopg2

import tls_peer
from cluster import BIN, Daemon, HOST, cockroach_binary, free_ports, is_simulated, until
from local.parts import store_flag
from local.processes import Process


def speaks_tls():
    """Whether the nodes of this build can be secure."""
    if shutil.which("openssl") is None:
        return False
    if not is_simulated():
        return True
    text = subprocess.run([cockroach_binary(), "help"], capture_output=True, text=True, timeout=20)
    return "--certs-dir" in text.stdout + text.stderr


class SecureCluster:
    def __init__(self, directory, nodes=3, profile=None):
        self.directory = pathlib.Path(directory)
        self.certificates = tls_peer.Certificates(self.directory / "certs")
        self.certificates.client("root")
        self.env = {**os.environ, "CRDBSIM_PROFILE": profile} if profile else None
        ports = free_ports(2 * nodes)
        self.sql = [f"localhost:{port}" for port in ports[:nodes]]
        self.http = [f"localhost:{port}" for port in ports[nodes:]]
        self.nodes, self._exporters = [], []

    @property
    def certs(self):
        return self.certificates.directory

    def start(self):
        for number, (sql, http) in enumerate(zip(self.sql, self.http), 1):
            argv = [cockroach_binary(), "start", f"--certs-dir={self.certs}", f"--listen-addr={sql}", f"--advertise-addr={sql}",
                    f"--http-addr={http}", f"--join={self.sql[0]}", store_flag(self.directory / f"store-{number}")]
            self.nodes.append(Process(f"node-{number}", argv, self.directory / f"node-{number}.log", self.env))
        until(self._initialised, 60, "the cluster can be initialised")
        until(lambda: self.as_root("SELECT 1"), 60, "root gets in")
        return self

    def _initialised(self):
        for node in self.nodes:
            node.must_run()
        try:
            done = subprocess.run([cockroach_binary(), "init", f"--certs-dir={self.certs}", f"--host={self.sql[0]}"],
                                  capture_output=True, text=True, timeout=20)
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0 or "already been initialized" in done.stderr

    def as_root(self, statement):
        """Rows, or True for a statement that has none."""
        host, port = self.sql[0].split(":")
        try:
            connection = psycopg2.connect(host=host, port=port, user="root", dbname="system", connect_timeout=10,
                                          sslmode="verify-full", sslrootcert=self.certs / "ca.crt",
                                          sslcert=self.certs / "client.root.crt",
                                          sslkey=self.certs / "client.root.key")
        except psycopg2.OperationalError:
            return None
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall() if cursor.description else True
        finally:
            connection.close()

    def exporter(self, user="root", *flags):
        [port] = free_ports(1)
        argv = [str(BIN / "faultline-exporter"), f"--web.listen-address={HOST}:{port}", f"--cockroach.sql={self.sql[0]}",
                f"--cockroach.certs-dir={self.certs}", f"--cockroach.user={user}", *flags]
        self._exporters.append(Daemon(f"exporter-{user}", self.directory, argv, port).start())
        return self._exporters[-1]

    def signal_all(self, which):
        for node in self.nodes:
            node.signal(which)

    def close(self):
        for daemon in self._exporters:
            daemon.stop()
        self.signal_all(signal.SIGCONT)
        for node in self.nodes:
            node.kill()
