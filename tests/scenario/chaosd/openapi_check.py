"""Holds the answers of a running faultline-chaosd against the OpenAPI document that it serves.

Usage: openapi_check.py PATH_OF_FAULTLINE_CHAOSD"""

import json
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

import jsonschema
import yaml

TOKENS = {role: f"{role}-token-0123456789" for role in ("viewer", "operator", "admin")}
DEADLINE_S = 30


def wait_for(what, probe):
    """Asks until it is so: each probe is a call of its own, and the whole has a deadline."""
    until = time.monotonic() + DEADLINE_S
    while time.monotonic() < until:
        found = probe()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited {DEADLINE_S} s for: {what}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Chaosd:
    def __init__(self, program, folder, *flags):
        (folder / "tokens").write_text("".join(f"{role} {token}\n" for role, token in TOKENS.items()))
        processes = [
            {"name": name, "argv": ["/bin/sleep", str(seconds)], "pid_file": f"{name}.pid", "log_file": f"{name}.log"}
            for name, seconds in (("n1", 86401), ("n2", 86402))
        ]
        (folder / "processes.yaml").write_text(yaml.safe_dump({"processes": processes}))
        self.port = free_port()
        self.process = subprocess.Popen(
            [program, "--runtime=process", f"--process.file={folder}/processes.yaml", f"--state-dir={folder}/state",
             f"--web.token-file={folder}/tokens", f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=warn", *flags])
        wait_for("chaosd listens", self.listens)
        self.document = yaml.safe_load(self.call("GET", "/api/chaos/v1/openapi.yaml")[2])
        self.checked = 0

    def listens(self):
        assert self.process.poll() is None, "chaosd ended"
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def call(self, method, path, body=None, role="admin"):
        headers = {"Authorization": f"Bearer {TOKENS[role]}"} if role else {}
        if body is not None:
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", method=method, headers=headers,
                                         data=None if body is None else body.encode())
        try:
            answer = urllib.request.urlopen(request, timeout=DEADLINE_S)
        except urllib.error.HTTPError as refused:
            answer = refused
        return answer.status, answer.headers, answer.read().decode()

    def check(self, expected, method, path, body=None, role="admin", template=None):
        """One call, whose status, type and body must be as described; returns the body."""
        status, headers, text = self.call(method, path, body, role)
        assert status == expected, f"{method} {path} answers {status}: {text}"
        operation = self.document["paths"][template or path.split("?")[0]][method.lower()]
        response = self.resolve(operation["responses"][str(status)])
        content_type = headers["Content-Type"]
        assert content_type in response["content"], f"{method} {path}: {content_type} is not described"
        assert headers["Cache-Control"] == "no-store"
        for name in response.get("headers", {}):
            assert headers[name], f"{method} {path} answers without {name}"
        self.checked += 1
        if "json" not in content_type:
            return text
        schema = {**response["content"][content_type]["schema"], "components": self.document["components"]}
        jsonschema.Draft202012Validator(schema).validate(json.loads(text))
        return json.loads(text)

    def resolve(self, node):
        while "$ref" in node:
            found = self.document
            for key in node["$ref"].removeprefix("#/").split("/"):
                found = found[key]
            node = found
        return node

    def examples(self):
        """Every example in the document is itself an instance of its schema."""
        for path, operations in self.document["paths"].items():
            for operation in operations.values():
                answers = [self.resolve(answer) for answer in operation["responses"].values()]
                for part in [*answers, operation.get("requestBody", {})]:
                    for media in part.get("content", {}).values():
                        given = [media["example"]] if "example" in media else []
                        given += [one["value"] for one in media.get("examples", {}).values()]
                        schema = {**media["schema"], "components": self.document["components"]}
                        for example in given:
                            jsonschema.Draft202012Validator(schema).validate(example)
                            self.checked += 1


def state_of(chaosd, fault):
    return chaosd.check(200, "GET", f"/api/chaos/v1/faults/{fault}", template="/api/chaos/v1/faults/{id}")["state"]


def target_state(chaosd, name):
    targets = chaosd.check(200, "GET", "/api/chaos/v1/targets")["targets"]
    return next(target["state"] for target in targets if target["name"] == name)


def experiments(chaosd):
    path = "/api/chaos/v1/experiments"
    one = path + "/{id}"

    def body(target="n1", **fields):
        steps = [{"faults": [{"kind": "pause", "target": target, "duration_s": 60}], "wait_s": 5}]
        return json.dumps({"name": "a test", "hypothesis": "it holds", "steps": steps, **fields})

    chaosd.check(401, "POST", path, body(), role=None)
    chaosd.check(403, "POST", path, body(), role="viewer")
    chaosd.check(400, "POST", path, "{")
    chaosd.check(422, "POST", path, body(abort=[{"promql": "up == 0"}]))
    chaosd.check(422, "POST", path, body(shedule={"every_s": 60}))
    chaosd.check(404, "POST", path, body(target="n9"))
    schedule = {"every_s": 3600, "times": 3, "window": {"from": "00:00", "to": "23:59"}}
    created = chaosd.check(202, "POST", path, body(schedule=schedule), role="operator")["id"]
    wait_for("n1 is paused", lambda: target_state(chaosd, "n1") == "paused")
    chaosd.check(409, "POST", path, body())
    running = chaosd.check(200, "GET", f"{path}/{created}", role="viewer", template=one)
    assert running["state"] == "running" and running["runs"][0]["records"][0]["experiment"]["id"] == created
    assert chaosd.check(200, "GET", path)["experiments"] and chaosd.check(200, "GET", "/api/chaos/v1/events")["experiments"]
    chaosd.check(202, "DELETE", f"{path}/{created}", template=one)
    wait_for("it is stopped",
             lambda: chaosd.check(200, "GET", f"{path}/{created}", template=one)["state"] == "stopped")
    chaosd.check(200, "GET", path + "?state=all")
    chaosd.check(422, "GET", path + "?state=some")
    for method in ("GET", "DELETE"):
        chaosd.check(404, method, f"{path}/e-0", template=one)


def run(chaosd):
    faults = "/api/chaos/v1/faults"
    one = faults + "/{id}"
    chaosd.examples()
    chaosd.check(200, "GET", "/-/healthy", role=None)
    wait_for("ready", lambda: chaosd.call("GET", "/-/ready")[0] == 200)
    chaosd.check(200, "GET", "/-/ready", role=None)
    chaosd.check(200, "GET", "/api/chaos/v1/capabilities", role="viewer")
    for name in ("n1", "n2"):
        answer = chaosd.check(202, "POST", f"/api/chaos/node/start?name={name}")
        assert answer["fault"] is None
        wait_for(f"{name} runs", lambda name=name: target_state(chaosd, name) == "running")

    def body(**fields):
        return json.dumps({"kind": "kill", "target": "n1", "duration_s": 60, **fields})

    chaosd.check(401, "POST", faults, body(), role=None)
    chaosd.check(403, "POST", faults, body(), role="viewer")
    chaosd.check(400, "POST", faults, "{")
    chaosd.check(422, "POST", faults, body(duration_s=None))
    chaosd.check(422, "POST", faults, body(kind="reboot"))
    chaosd.check(404, "POST", faults, body(target="n9"))
    chaosd.check(409, "POST", faults, body(target=None, node_id=1))
    before = chaosd.check(200, "GET", "/api/chaos/v1/events")
    plans = "/api/chaos/v1/plans"
    plan = chaosd.check(200, "POST", plans, body(), role="viewer")
    assert plan["targets"][0]["target"] == "n1" and plan["guard"]["mode"] == "off"
    chaosd.check(422, "POST", plans, body(target=None, select={"mode": "one"}))
    chaosd.check(404, "POST", plans, body(target=None, select={"names": ["n9"], "mode": "all"}))
    listed = chaosd.check(202, "POST", faults, body(target=None, select={"names": ["n2"], "mode": "all"}, kind="pause"))
    chaosd.check(200, "GET", f"{faults}/{listed['faults'][0]['id']}/plan", template=one + "/plan")
    chaosd.check(404, "GET", f"{faults}/f-0/plan", template=one + "/plan")
    fault = chaosd.check(202, "POST", faults, body(), role="operator")["id"]
    chaosd.check(409, "POST", faults, body())
    seen = chaosd.check(200, "GET", f"/api/chaos/v1/events?boot={before['boot']}&after={before['seq']}&wait_ms=9000")
    assert seen["seq"] > before["seq"] and seen["faults"]
    wait_for("active", lambda: state_of(chaosd, fault) == "active")
    chaosd.check(200, "GET", faults)
    chaosd.check(202, "DELETE", f"{faults}/{fault}", template=one)
    wait_for("reverted", lambda: state_of(chaosd, fault) == "reverted")
    wait_for("n1 runs", lambda: target_state(chaosd, "n1") == "running")
    chaosd.check(200, "GET", faults + "?state=all")
    chaosd.check(422, "GET", faults + "?state=some")
    chaosd.check(404, "GET", f"{faults}/f-0", template=one)
    chaosd.check(404, "DELETE", f"{faults}/f-0", template=one)
    assert chaosd.check(202, "POST", "/api/chaos/node/start?name=n2")["fault"]
    wait_for("n2 runs again", lambda: target_state(chaosd, "n2") == "running" and not chaosd.check(200, "GET", faults)["faults"])
    chaosd.check(202, "POST", "/api/chaos/node/stop?name=n2&duration_s=60")
    assert chaosd.check(202, "POST", "/api/chaos/node/start?name=n2")["fault"]
    chaosd.check(422, "POST", "/api/chaos/node/stop")
    wait_for("n2 runs", lambda: target_state(chaosd, "n2") == "running")
    chaosd.check(202, "POST", "/api/chaos/v1/heal")
    chaosd.check(403, "GET", "/api/chaos/v1/audit", role="operator")
    entries = chaosd.check(200, "GET", "/api/chaos/v1/audit?limit=500")["entries"]
    assert not any(token in json.dumps(entries) for token in TOKENS.values())
    chaosd.check(422, "GET", "/api/chaos/v1/audit?limit=0")
    page = chaosd.check(200, "GET", "/api/chaos/v1/audit?limit=2")
    assert chaosd.check(200, "GET", f"/api/chaos/v1/audit?limit=2&cursor={page['next_cursor']}")["entries"]
    page = chaosd.check(200, "GET", faults + "?state=all&limit=1")
    assert chaosd.check(200, "GET", f"{faults}?state=all&limit=1&cursor={page['next_cursor']}")["faults"] != page["faults"]
    experiments(chaosd)
    lever = "/api/chaos/v1/lever"
    chaosd.check(200, "GET", lever)
    chaosd.check(422, "PUT", lever, "{}")
    chaosd.check(200, "PUT", lever, json.dumps({"engaged": True, "reason": "a test"}))
    chaosd.check(409, "POST", faults, body())
    chaosd.check(200, "PUT", lever, json.dumps({"engaged": False, "reason": "a test"}))
    assert 'faultline_chaosd_http_requests_total{code="200"}' in chaosd.check(200, "GET", "/metrics", role=None)
    chaosd.check(422, "GET", "/api/chaos/v1/events?after=-1")


def main():
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        chaosd = Chaosd(sys.argv[1], folder)
        try:
            run(chaosd)
        finally:
            chaosd.process.send_signal(signal.SIGTERM)
            code = chaosd.process.wait(timeout=DEADLINE_S)
            for file in folder.glob("*.pid"):
                subprocess.run(["kill", "-KILL", file.read_text().strip()], check=False)
        assert code == 0, f"chaosd left with {code}"
        whole = subprocess.run([sys.argv[1], "--check-audit", f"--state-dir={folder}/state"], capture_output=True, text=True)
        assert whole.returncode == 0 and "the chain is whole" in whole.stdout, whole
        audit = folder / "state/audit.jsonl"
        audit.write_text(audit.read_text().replace('"role":"viewer"', '"role":"nobody"', 1))
        broken = subprocess.run([sys.argv[1], "--check-audit", f"--state-dir={folder}/state"], capture_output=True, text=True)
        assert broken.returncode == 1 and "the chain is broken: line" in broken.stdout, broken
        print(f"{chaosd.checked} answers and examples are as described")


if __name__ == "__main__":
    main()
