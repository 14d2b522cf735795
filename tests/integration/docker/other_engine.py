"""A second Docker Engine beside the tests' own: own data, pid file and bridge, no rule of the machine's, over TLS."""

import json
import pathlib
import secrets
import shutil
import signal
import subprocess

from support import certs
from support.cluster import free_ports, until

IMAGE = "debian:bookworm-slim"


def make_certificates(folder):
    """As DOCKER_CERT_PATH has them: ca.pem, cert.pem and key.pem of a client, and the server's own beside."""
    certs.make_all(folder, ["docker"])
    for made, name in (("ca.crt", "ca.pem"), ("client.docker.crt", "cert.pem"), ("client.docker.key", "key.pem")):
        shutil.copy(folder / made, folder / name)
    return folder


class OtherEngine:
    """Made once and left running between tests; its containers belong to the test that starts them."""

    def __init__(self, folder, first):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.certificates = make_certificates(self.folder / "certs")
        [self.port] = free_ports(1)
        self.socket = f"unix://{self.folder}/docker.sock"
        self.process = None
        # Not "none", for then an Engine removes docker0, which is another's.
        self.bridge = f"fl{secrets.token_hex(4)}"
        subprocess.run(["ip", "link", "add", self.bridge, "type", "bridge"], check=True)
        subprocess.run(["ip", "addr", "add", f"10.213.{secrets.randbelow(250)}.1/24", "dev", self.bridge], check=True)
        self.start()
        image = subprocess.Popen(["docker", "-H", first, "save", IMAGE], stdout=subprocess.PIPE)
        subprocess.run(["docker", "-H", self.socket, "load", "-q"], stdin=image.stdout, check=True, stdout=subprocess.DEVNULL)
        assert image.wait() == 0

    @property
    def address(self):
        return f"tcp://localhost:{self.port}"

    def start(self):
        # A pid file that a killed one left would keep the next from starting.
        (self.folder / "dockerd.pid").unlink(missing_ok=True)
        with (self.folder / "dockerd.log").open("a") as log:
            self.process = subprocess.Popen(
                ["dockerd", "--data-root", self.folder / "data", "--exec-root", self.folder / "exec", "--pidfile",
                 self.folder / "dockerd.pid", "--bridge", self.bridge, "--iptables=false", "--ip-masq=false", "-H", self.socket,
                 "-H", f"tcp://127.0.0.1:{self.port}", "--tlsverify", "--tlscacert", self.certificates / "ca.crt",
                 "--tlscert", self.certificates / "node.crt", "--tlskey", self.certificates / "node.key"],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
        until(self.answers, 30, "the second Engine answers")

    def answers(self):
        assert self.process.poll() is None, (self.folder / "dockerd.log").read_text()[-2000:]
        return subprocess.run(["docker", "-H", self.socket, "version"], capture_output=True, timeout=20).returncode == 0

    def docker(self, *arguments):
        done = subprocess.run(["docker", "-H", self.socket, *arguments], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def look(self, name):
        return json.loads(self.docker("inspect", "--format", "{{json .State}}", name))

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def stop(self):
        """Its containers end with it: it has no live-restore."""
        self.thaw()
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def remove(self):
        self.stop()
        mounts = [line.split()[1] for line in pathlib.Path("/proc/mounts").read_text().splitlines() if f" {self.folder}/" in line]
        for mount in sorted(mounts, reverse=True):
            subprocess.run(["umount", "-l", mount], check=True)
        subprocess.run(["ip", "link", "delete", self.bridge], check=True)
