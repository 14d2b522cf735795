"""Reading what the programs serve, as a foreign client would: standard HTTP, websockets, prometheus_client."""

import asyncio
import http.client
import json
import time
import urllib.error
import urllib.request

import websockets
from prometheus_client.parser import text_string_to_metric_families


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def text(self):
        return self.body.decode()

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {self.body[:400]!r}>"


def call(url, method="GET", json_body=None, body=None, headers=None, token=None, timeout=10):
    """Any status is an answer; only the absence of one raises."""
    headers = dict(headers or {})
    if json_body is not None:
        body = json.dumps(json_body).encode()
        headers.setdefault("Content-Type", "application/json")
    if token:
        headers.setdefault("Authorization", f"Bearer {token}")
    request = urllib.request.Request(url, data=body, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return Answer(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.headers, error.read())


def state_in(answer):
    assert answer.status == 200, answer
    return answer.json


def state(daemon):
    return state_in(call(daemon.url + "/api/v1/state"))


def node(snapshot, node_id):
    for one in snapshot["nodes"]:
        if one["node_id"] == node_id:
            return one
    raise AssertionError(f"no node {node_id} in {[n['node_id'] for n in snapshot['nodes']]}")


def node_by_address(snapshot, address):
    """Node ids follow the order of joining, which a real cluster does not promise; addresses are ours."""
    for one in snapshot["nodes"]:
        if one["sql_address"] == address:
            return one
    raise AssertionError(f"no node at {address} in {[n['sql_address'] for n in snapshot['nodes']]}")


class Metrics:
    """One scrape. `value` is None when the series is absent, which often is the very point."""

    def __init__(self, text):
        self.text = text
        self.families = {family.name: family for family in text_string_to_metric_families(text)}
        self._samples = {}
        for family in self.families.values():
            for sample in family.samples:
                key = (sample.name, tuple(sorted(sample.labels.items())))
                assert key not in self._samples, f"{key} is there twice"
                self._samples[key] = sample.value

    def value(self, name, **labels):
        return self._samples.get((name, tuple(sorted((k, str(v)) for k, v in labels.items()))))

    def series(self, name):
        return {key[1]: value for key, value in self._samples.items() if key[0] == name}

    def one_of(self, name, label="state", **labels):
        """The state of a stateset that is 1."""
        found = [dict(key)[label] for key, value in self.series(name).items()
                 if value == 1 and all(dict(key).get(k) == str(v) for k, v in labels.items())]
        assert len(found) <= 1, f"{name}{labels} is in several states: {found}"
        return found[0] if found else None


def metrics(daemon):
    answer = call(daemon.url + "/metrics")
    assert answer.status == 200, answer
    return Metrics(answer.text)


class Scraper:
    """One kept connection, as Prometheus has."""

    def __init__(self, daemon):
        self._connection = http.client.HTTPConnection(*daemon.address.split(":"), timeout=5)

    def scrape(self):
        began = time.perf_counter()
        self._connection.request("GET", "/metrics")
        answer = self._connection.getresponse()
        body = answer.read()
        return answer.status, body.decode(), time.perf_counter() - began


def listen(daemon, enough, seconds, subprotocol=None, send=(), headers=None, times=None):
    """Messages of /ws, decoded, until `enough(messages)` or the time is over. `times` takes when each came."""

    async def collect():
        messages = []
        options = {"subprotocols": [subprotocol]} if subprotocol else {}
        async with websockets.connect(f"ws://{daemon.address}/ws", max_size=None, extra_headers=headers or {},
                                      **options) as socket:
            assert socket.subprotocol == subprotocol
            for message in send:
                await socket.send(message if isinstance(message, str) else json.dumps(message))
            deadline = time.monotonic() + seconds
            while not enough(messages) and time.monotonic() < deadline:
                try:
                    text = await asyncio.wait_for(socket.recv(), max(0.01, deadline - time.monotonic()))
                except asyncio.TimeoutError:
                    break
                messages.append(json.loads(text))
                if times is not None:
                    times.append(time.monotonic())
        return messages

    return asyncio.run(collect())


def problem(answer, status):
    """Asserts an RFC 9457 answer and hands it back."""
    assert answer.status == status, answer
    assert answer.headers.get_content_type() == "application/problem+json", answer.headers.items()
    said = answer.json
    assert said["status"] == status and said["title"] and said["code"], said
    return said


class Chaos:
    """chaosd's API with one token."""

    def __init__(self, url, token=None):
        self.url, self.token = url, token

    def get(self, path, **options):
        return call(f"{self.url}/api/chaos/v1/{path}", token=self.token, **options)

    def post(self, path, json_body=None, **options):
        return call(f"{self.url}/api/chaos/v1/{path}", "POST", json_body=json_body, token=self.token, **options)

    def delete(self, path):
        return call(f"{self.url}/api/chaos/v1/{path}", "DELETE", token=self.token)

    def original(self, verb, query):
        return call(f"{self.url}/api/chaos/node/{verb}?{query}", "POST", token=self.token)

    def inject(self, kind, target, duration_s, **more):
        answer = self.post("faults", {"kind": kind, "target": target, "duration_s": duration_s, **more})
        assert answer.status == 202, answer
        return answer.json

    def post_accepting(self, body):
        """As somebody who has seen the plan and wants it all the same."""
        answer = self.post("faults", body)
        if answer.status == 409 and answer.json["code"] == "plan_not_accepted":
            return self.post("faults", {**body, "accept_plan": answer.json["plan"]["plan_hash"]})
        return answer

    def fault(self, fault_id):
        answer = self.get(f"faults/{fault_id}")
        assert answer.status == 200, answer
        return answer.json

    def faults(self, which="open"):
        return self.get(f"faults?state={which}").json["faults"]

    def target(self, name):
        return next(one for one in self.get("targets").json["targets"] if one["name"] == name)
