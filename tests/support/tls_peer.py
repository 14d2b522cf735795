"""A real TLS server that speaks PostgreSQL, for what happens at the door: TLS, certificates, logins. It is PostgreSQL
itself, so that behind the door there is no cluster."""

import glob
import os
import pathlib
import pwd
import shutil
import subprocess

from cluster import free_ports, until
from local.processes import Process

ROLES = """CREATE ROLE watcher LOGIN; CREATE ROLE "by-password" LOGIN PASSWORD '%s';"""


def programs():
    """The folder of initdb, or None."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
    return pathlib.Path(found[-1]).parent if found and shutil.which("openssl") else None


def run(*argv, **options):
    subprocess.run([str(arg) for arg in argv], check=True, capture_output=True, text=True, timeout=60, **options)


class Certificates:
    """A CA with what `cockroach cert` would make: node and client certificates in one folder."""

    def __init__(self, directory, host="localhost"):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True)
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=Faultline tests CA",
            "-keyout", self.directory / "ca.key", "-out", self.directory / "ca.crt")
        self.sign("node", f"DNS:{host}")

    def sign(self, name, alternative=None, common_name=None):
        key, request, certificate = (self.directory / f"{name}.{end}" for end in ("key", "csr", "crt"))
        run("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={common_name or name}", "-keyout", key, "-out", request)
        more = ["-extfile", "/dev/stdin"] if alternative else []
        run("openssl", "x509", "-req", "-in", request, "-CA", self.directory / "ca.crt", "-CAkey", self.directory / "ca.key",
            "-days", "2", "-out", certificate, *more, input=f"subjectAltName={alternative}\n" if alternative else None)
        key.chmod(0o600)

    def client(self, user):
        self.sign(f"client.{user}", common_name=user)


class TlsPeer:
    """Runs as the system's user postgres when the tests run as root, which PostgreSQL refuses."""

    def __init__(self, directory, certificates, password):
        self.data, self.password = pathlib.Path(directory) / "pgdata", password
        [self.port] = free_ports(1)
        self._as = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
        self._certificates, self._process = certificates, None
        self._log = pathlib.Path(directory) / "postgres.log"

    @property
    def address(self):
        return f"localhost:{self.port}"

    def start(self):
        self.data.mkdir()
        if self._as:
            owner = pwd.getpwnam("postgres")
            for folder in [self.data, *self.data.parents]:
                if folder == self.data:
                    os.chown(folder, owner.pw_uid, owner.pw_gid)
                elif folder.stat().st_uid == 0 and str(folder).startswith(("/tmp/", "/var/tmp/")):
                    folder.chmod(0o755)
        run(*self._as, programs() / "initdb", "-D", self.data, "-U", "admin", "--auth=trust", "-E", "UTF8", "--no-sync", cwd="/")
        for name in ("ca.crt", "node.crt", "node.key"):
            target = self.data / name
            shutil.copyfile(self._certificates.directory / name, target)
            target.chmod(0o600)
            if self._as:
                os.chown(target, owner.pw_uid, owner.pw_gid)
        (self.data / "postgresql.auto.conf").write_text(
            f"port={self.port}\nlisten_addresses='localhost'\nunix_socket_directories=''\nfsync=off\nssl=on\n"
            "ssl_ca_file='ca.crt'\nssl_cert_file='node.crt'\nssl_key_file='node.key'\n")
        (self.data / "pg_hba.conf").write_text(
            "host all admin localhost trust\nhostssl all \"by-password\" localhost scram-sha-256\n"
            "hostssl all all localhost cert\n")
        self._process = Process("postgres", [*self._as, str(programs() / "postgres"), "-D", str(self.data)], self._log)
        psql = [programs() / "psql", f"host=localhost port={self.port} user=admin sslmode=disable dbname=postgres"]
        until(lambda: subprocess.run([*map(str, psql), "-c", "SELECT 1"], capture_output=True).returncode == 0, 30,
              "PostgreSQL accepts logins")
        run(*psql, "-c", "CREATE DATABASE system")
        run(*psql, "-v", "ON_ERROR_STOP=1", "-c", ROLES % self.password)
        return self

    def close(self):
        if self._process:
            self._process.stop(grace=10)
