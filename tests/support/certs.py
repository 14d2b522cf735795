"""Certificates for a secure cluster in a test, as `cockroach cert` lays them out: ca.crt, node.crt, client.NAME.crt."""

import pathlib
import subprocess


def _openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=60)


def make_authority(directory):
    """ca.crt and ca.key in `directory`, which is made."""
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    _openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", 2, "-subj", "/O=Cockroach/CN=Cockroach CA",
             "-keyout", directory / "ca.key", "-out", directory / "ca.crt")
    return directory


def make_certificate(directory, name, common_name):
    """`name`.crt and `name`.key, signed by the authority there, good for localhost and 127.0.0.1."""
    directory = pathlib.Path(directory)
    request, extensions = directory / f"{name}.csr", directory / f"{name}.ext"
    extensions.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    _openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/O=Cockroach/CN={common_name}",
             "-keyout", directory / f"{name}.key", "-out", request)
    _openssl("x509", "-req", "-in", request, "-days", 2, "-CA", directory / "ca.crt", "-CAkey", directory / "ca.key",
             "-CAcreateserial", "-extfile", extensions, "-out", directory / f"{name}.crt")
    (directory / f"{name}.key").chmod(0o600)


def make_all(directory, users):
    """An authority, the nodes' certificate and one per user."""
    make_authority(directory)
    make_certificate(directory, "node", "node")
    for user in users:
        make_certificate(directory, f"client.{user}", user)
    return pathlib.Path(directory)
