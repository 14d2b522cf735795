"""A real Engine, containers of one test, and a chaosd that knows no others."""

import json
import secrets
import subprocess

from support import wire
from support.cluster import BIN, HOST, Daemon, free_ports, until

API = "/api/chaos/v1"


def docker(*arguments):
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def look(name):
    """State as the Engine itself says it."""
    return json.loads(docker("inspect", "--format", "{{json .State}}", name))


class Bench:
    """Containers of one test under a label of their own, and chaosd, which knows no other label."""

    def __init__(self, directory, engine):
        self.directory = directory
        self.label = f"io.faultline.test-{secrets.token_hex(4)}"
        self.names = []
        self.engine = engine
        self.chaosd = None

    def container(self, name, *extra, opted_in=True, command=()):
        full = f"{name}-{self.label[-8:]}"
        labels = ["--label", f"{self.label}=true"] if opted_in else []
        # --init: a sleep that is process 1 would not hear SIGTERM.
        docker("run", "-d", "--init", "--name", full, *labels, *extra, "debian:bookworm-slim",
               *(command or ("sleep", "86400")))
        self.names.append(full)
        return full

    def start_chaosd(self, *flags):
        if self.chaosd is None:
            [port] = free_ports(1)
            state = self.directory / "state"
            state.mkdir()
            self.chaosd = Daemon("chaosd", self.directory, [
                BIN / "faultline-chaosd", f"--web.listen-address={HOST}:{port}", "--runtime=docker",
                f"--docker.host={self.engine}", f"--docker.label={self.label}", f"--state-dir={state}", *flags], port)
        return self.chaosd.start(ready="/-/ready")  # It has listed its targets once.

    def call(self, path, **options):
        return wire.call(self.chaosd.url + API + path, **options)

    def targets(self):
        return {target["name"]: target for target in self.call("/targets").json["targets"]}

    def await_targets(self, *names, seconds=15):
        """chaosd has listed them; before its first listing it answers 503."""
        def listed():
            answer = self.call("/targets")
            return answer.status == 200 and set(names) <= {target["name"] for target in answer.json["targets"]}
        until(listed, seconds, f"{', '.join(names)} are targets")

    def inject(self, kind, target, duration_s=60, **more):
        answer = self.call("/faults", method="POST",
                           json_body={"kind": kind, "target": target, "duration_s": duration_s, **more})
        assert answer.status == 202, answer
        return answer.json["id"]

    def fault(self, fault_id):
        return self.call(f"/faults/{fault_id}").json

    def await_fault(self, fault_id, state, seconds=15):
        return until(lambda: (f := self.fault(fault_id))["state"] == state and f, seconds, f"the fault is {state}")

    def await_container(self, name, status, seconds=15):
        return until(lambda: (s := look(name))["Status"] == status and s, seconds, f"{name} is {status}")

    def helpers(self, *filters):
        """Containers that chaosd itself has started."""
        return docker("ps", "-aq", "--filter", f"label=io.faultline.owner={self.label}", *filters).split()

    def marks(self):
        """Volumes that say which target chaosd has broken."""
        return docker("volume", "ls", "-q", "--filter", f"label=io.faultline.owner={self.label}").split()

    def close(self):
        if self.chaosd:
            self.chaosd.kill()
        for name in self.names:
            subprocess.run(["docker", "rm", "-f", "-v", name], capture_output=True)
        # chaosd may have been killed in the middle of its probe.
        if left := self.helpers():
            subprocess.run(["docker", "rm", "-f", *left], capture_output=True)
        if left := self.marks():
            subprocess.run(["docker", "volume", "rm", *left], capture_output=True)
