#!/usr/bin/env python3
"""The demo (tools/demo) on free ports, for the browser tests, which tell it on stdin whom to kill and start.

Commands, one a line, answered by one line of JSON each: `pid NAME`, `kill NAME`, `start NAME` (exporter or chaosd).
The end of stdin ends everything."""

import importlib.util
import json
import pathlib
import random
import sys
from importlib.machinery import SourceFileLoader

ROOT = pathlib.Path(__file__).resolve().parents[2]
loader = SourceFileLoader("demo", str(ROOT / "tools/demo"))
demo_module = importlib.util.module_from_spec(importlib.util.spec_from_loader("demo", loader))
loader.exec_module(demo_module)

from local.processes import Process, port_is_free  # noqa: E402  (tools/demo put tools/ into the path)


def free_ports(count):
    """The first of `count` neighbours; the demo counts up from it."""
    while True:
        first = random.randrange(20_000, 32_000 - count)
        if all(port_is_free(port) for port in range(first, first + count)):
            return first


class Stage(demo_module.Demo):
    """The demo, except that a dead exporter or chaosd does not end it."""

    def watch(self):
        print(json.dumps({"url": f"http://127.0.0.1:{self.chosen.port}",
                          "exporter": f"http://127.0.0.1:{self.chosen.exporter_port}"}), flush=True)
        for line in sys.stdin:
            verb, name = line.split()
            answer = getattr(self, f"do_{verb}")(name)
            print(json.dumps({verb: name, **answer}), flush=True)

    def do_pid(self, name):
        node = next((node for node in self.nodes if node.name == name), None)
        return {"pid": node.pid if node else self.running(name).pid}

    def do_kill(self, name):
        process = self.running(name)
        process.kill()
        return {"pid": process.pid}

    def do_start(self, name):
        old = self.running(name)
        self.processes.remove(old)
        return {"pid": self.spawn(Process(name, old.argv, old.log)).pid}

    def running(self, name):
        return next(process for process in self.processes if process.name == name)


def main(build, directory):
    first = free_ports(13)
    sys.argv = ["stage", "--build", build, "--dir", directory]
    for offset, flag in enumerate(("port", "exporter-port", "chaosd-port", "sql-port")):
        sys.argv += [f"--{flag}", str(first + offset)]
    sys.argv += ["--http-port", str(first + 8)]
    stage = Stage(demo_module.arguments())
    try:
        stage.check_tools()
        stage.dir.mkdir(parents=True, exist_ok=True)
        stage.clear_earlier_run()
        stage.check_ports()
        stage.start()
        stage.watch()
        return 0
    except demo_module.Failed as failure:
        print(f"stage: {failure}", file=sys.stderr)
        return 1
    finally:
        stage.clean_up()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
