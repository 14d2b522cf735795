"""What these tests do when COCKROACH_BINARY is a real server: held to it by a stand-in that is none and writes no pid file."""

import importlib.util
import json
import os
import subprocess
import sys
from importlib.machinery import SourceFileLoader

import pytest

from cluster import HERE, ROOT, free_ports
from local import parts

ASK = """import json, server
print(json.dumps([server.cockroach_binary(), server.is_simulated(), server.release(), server.patience(19), server.patience(20),
                  server.older_than(22, 1, 1), server.older_than(22, 1, 0)]))"""


@pytest.fixture
def stand_in(tmp_path):
    program = tmp_path / "bin/cockroach"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\n[ "$1" = version ] && { echo "Build Tag: v22.1.0-alpha.20220214"; exit; }\n'
                       "while :; do sleep 0.1; done\n")
    program.chmod(0o755)
    return program


def ask(folder, binary, path=""):
    return subprocess.run([sys.executable, "-c", ASK], cwd=folder, capture_output=True, text=True, timeout=30, env={
        **os.environ, "COCKROACH_BINARY": binary, "PYTHONPATH": str(HERE), "PATH": f"{path}{os.environ['PATH']}"})


@pytest.mark.parametrize("how", ["whole path", "relative path", "name on PATH"])
def test_it_is_found_by_any_of_its_names_and_waited_for_longer(stand_in, tmp_path, how):
    done = ask(tmp_path, {"whole path": str(stand_in), "relative path": "bin/cockroach", "name on PATH": "cockroach"}[how],
               f"{stand_in.parent}:")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [str(stand_in), False, [22, 1, 0], 19, 60, "needs CockroachDB 22.1.1; this is 22.1.0", None]


def test_what_is_no_program_is_said_to_be_none(tmp_path):
    done = ask(tmp_path, "bin/nothing")
    assert done.returncode != 0 and "COCKROACH_BINARY=bin/nothing is no program" in done.stderr, done.stderr


def test_a_node_that_has_not_written_its_pid_file_yet_is_killed_all_the_same(stand_in, tmp_path):
    [node] = parts.plan_nodes(stand_in, tmp_path, free_ports(1), free_ports(1), [""])
    child = node.start()
    try:
        assert node.pid == child.pid
        node.kill()
        assert child.wait(5), "it has ended"
    finally:
        child.kill()


@pytest.mark.parametrize("real", [True, False])
def test_lanes_run_one_after_another_with_real_nodes(tmp_path, monkeypatch, real):
    monkeypatch.setenv("COCKROACH_BINARY", "cockroach" if real else "")
    loader = SourceFileLoader("tools_test", str(ROOT / "tools/test"))
    tools_test = importlib.util.module_from_spec(importlib.util.spec_from_loader("tools_test", loader))
    loader.exec_module(tools_test)
    monkeypatch.setattr(tools_test, "LOGS", tmp_path)
    # Each lane waits for the other to begin; in turn nobody comes while the first one waits.
    lanes = [[["sh", "-c", f"touch {tmp_path}/{mine}; for n in 1 2 3 4 5 6 7 8 9 10; do [ -e {tmp_path}/{other} ] && break; sleep {wait}; "
                           f"done; [ -e {tmp_path}/{other} ] && echo met || echo alone"]]
             for mine, other, wait in (("one", "two", "0.02" if real else "1"), ("two", "one", "1"))]
    step = tools_test.Step("lanes", "lanes", lanes=lanes, in_turn=tools_test.REAL_PROCESSES)
    assert [one.in_turn for one in tools_test.steps() if one.name == "integration"] == [real]
    with open(tmp_path / "out", "w") as output:
        assert step.run_lanes(output)
    said = [(tmp_path / f"lanes-{number}.log").read_text().split()[-1] for number in (1, 2)]
    assert said == (["alone", "met"] if real else ["met", "met"])
