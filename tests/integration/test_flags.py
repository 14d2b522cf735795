"""Command lines: a wrong one ends the program with code 2 and one sentence that names the flag and what would do."""

import os
import subprocess

import pytest

from cluster import BIN, HOST, cockroach_binary, free_ports, is_simulated

EXPORTER, CHAOSD = "faultline-exporter", "faultline-chaosd"


def run(program, *flags, env=None, timeout=10):
    return subprocess.run([BIN / program, *flags], capture_output=True, text=True, timeout=timeout,
                          env={**os.environ, **(env or {})})


@pytest.mark.parametrize("program", [EXPORTER, CHAOSD])
def test_version_and_help(program):
    assert run(program, "--version").stdout.strip() == f"{program} 0.1.0"
    shown = run(program, "--help").stdout
    assert "--web.listen-address" in shown and "FAULTLINE_WEB_LISTEN_ADDRESS" in shown


WRONG = [
    (EXPORTER, ["--nope"], "--nope"),
    (EXPORTER, ["--web.listen-address"], "--web.listen-address"),
    (EXPORTER, ["--web.listen-address=abc"], "--web.listen-address"),
    (EXPORTER, ["--web.listen-address=127.0.0.1:99999"], "--web.listen-address"),
    (EXPORTER, ["--web.listen-address=:99999"], "--web.listen-address"),
    (EXPORTER, ["--web.listen-address=127.0.0.1:1", "--web.listen-address=[::1]:1"], "has 2 addresses"),
    (EXPORTER, ["--web.telemetry-path=metrics"], "--web.telemetry-path"),
    (EXPORTER, ["--cockroach.sql=nohost"], "--cockroach.sql"),
    (EXPORTER, ["--cockroach.sql=127.0.0.1:0"], "--cockroach.sql"),
    (EXPORTER, ["--cockroach.http=127.0.0.1:x"], "--cockroach.http"),
    (EXPORTER, ["--cockroach.password-file=/nonexistent"], "--cockroach.password-file"),
    (EXPORTER, ["--cockroach.certs-dir=/nonexistent"], "--cockroach.certs-dir"),
    (EXPORTER, ["--chaosd.address=x"], "--chaosd.address"),
    (EXPORTER, ["--chaosd.token-file=/nonexistent"], "--chaosd.token-file"),
    (EXPORTER, ["--targets.file=/nonexistent"], "--targets.file"),
    (EXPORTER, ["--web.allow-origin=example.org"], "--web.allow-origin"),
    (EXPORTER, ["--log.level=loud"], "--log.level"),
    (EXPORTER, ["--log.format=xml"], "--log.format"),
    (EXPORTER, ["positional"], "positional"),
    (CHAOSD, ["--nope"], "--nope"),
    (CHAOSD, ["--web.listen-address=abc"], "--web.listen-address"),
    (CHAOSD, ["--web.listen-address=0.0.0.0:18096"], "--web.token-file"),
    (CHAOSD, ["--web.token-file=/nonexistent"], "--web.token-file"),
    (CHAOSD, ["--runtime=podman"], "--runtime"),
    (CHAOSD, ["--runtime=process"], "--process.file"),
    (CHAOSD, ["--runtime=process", "--process.file=/nonexistent"], "--process.file"),
    (CHAOSD, ["--fault.max-duration=abc"], "--fault.max-duration"),
    (CHAOSD, ["--fault.max-duration=-5m"], "--fault.max-duration"),
    (CHAOSD, ["--fault.max-duration=1m", "--fault.default-duration=2m"], "--fault.default-duration"),
    (CHAOSD, ["--state-dir=/proc/nowhere"], "--state-dir"),
    (CHAOSD, ["--docker.host=ftp://x"], "--docker.host"),
    (CHAOSD, ["--docker.host=tcp://203.0.113.5:2375"], "--docker.plain-tcp"),
    (CHAOSD, ["--docker.host=unix:///a", "--docker.host=unix:///b"], "--docker.host"),
    (CHAOSD, ["--docker.host=tcp://localhost:2376", "--docker.tls-dir=/nonexistent"], "--docker.tls-dir"),
    (CHAOSD, ["--exporter.address=x"], "--exporter.address"),
    (CHAOSD, ["--web.allow-origin=example.org"], "--web.allow-origin"),
    (CHAOSD, ["--log.level=loud"], "--log.level"),
]


@pytest.mark.parametrize("program, flags, named", WRONG, ids=lambda v: " ".join(v) if isinstance(v, list) else None)
def test_a_wrong_value_names_its_flag(program, flags, named, tmp_path):
    done = subprocess.run([BIN / program, *flags], capture_output=True, text=True, timeout=10, cwd=tmp_path)
    assert done.returncode == 2, (done.returncode, done.stderr)
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, lines
    assert named in lines[0] and lines[0].startswith(f"{program}: ")
    assert done.stdout == ""


@pytest.mark.parametrize("program, variable, value, named", [
    (EXPORTER, "FAULTLINE_WEB_LISTEN_ADDRESS", "abc", "FAULTLINE_WEB_LISTEN_ADDRESS"),
    (EXPORTER, "FAULTLINE_LOG_LEVEL", "loud", "FAULTLINE_LOG_LEVEL"),
    (CHAOSD, "FAULTLINE_RUNTIME", "podman", "FAULTLINE_RUNTIME")])
def test_the_environment_is_checked_the_same(program, variable, value, named, tmp_path):
    done = subprocess.run([BIN / program], capture_output=True, text=True, timeout=10, cwd=tmp_path,
                          env={**os.environ, variable: value})
    flag = "--" + variable.removeprefix("FAULTLINE_").lower()
    assert done.returncode == 2
    assert named in done.stderr or flag.split("_")[0] in done.stderr.replace(".", "_").replace("-", "_"), done.stderr


def test_a_flag_wins_over_the_environment(tmp_path):
    done = run(EXPORTER, "--log.level=loud", env={"FAULTLINE_LOG_LEVEL": "info"})
    assert done.returncode == 2 and "loud" in done.stderr


@pytest.mark.parametrize("program", [EXPORTER, CHAOSD])
def test_a_port_that_is_taken_is_said_in_one_sentence(program, tmp_path):
    import socket
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        processes = tmp_path / "processes.yaml"
        processes.write_text('processes:\n  - name: x\n    argv: ["sleep", "1"]\n    pid_file: x.pid\n    log_file: x.log\n')
        more = ["--runtime=process", f"--process.file={processes}", f"--state-dir={tmp_path}"] if program == CHAOSD else []
        done = subprocess.run([BIN / program, f"--web.listen-address={HOST}:{port}", *more], capture_output=True, text=True,
                              timeout=15, cwd=tmp_path)
    assert done.returncode not in (0, -6, -11), done.returncode
    assert str(port) in done.stderr and "use" in done.stderr


def test_chaosd_does_not_take_a_state_that_another_one_holds(tmp_path):
    """Two of them on one journal would undo each other's faults."""
    from cluster import Sleeper, chaosd
    sleeper = Sleeper(tmp_path, 1)
    sleeper.start()
    first = chaosd(tmp_path, [sleeper]).start()
    try:
        [port] = free_ports(1)
        second = [part if not part.startswith("--web.listen-address") else f"--web.listen-address={HOST}:{port}" for part in first.argv]
        done = subprocess.run(second, capture_output=True, text=True, timeout=10)
        assert done.returncode != 0 and "another faultline-chaosd" in done.stderr, done.stderr
    finally:
        first.kill()
        sleeper.close()


@pytest.mark.parametrize("flags, named", [
    (["start", "--nope"], "--nope"), (["start", "--insecure", "--listen-addr=abc:def:x", "--join=127.0.0.1:1"], "listen"),
    (["fly"], "fly")])
def test_the_node_names_a_wrong_flag_too(flags, named, tmp_path):
    done = subprocess.run([cockroach_binary(), *flags], capture_output=True, text=True, timeout=20, cwd=tmp_path)
    assert done.returncode != 0
    assert named in done.stderr + done.stdout


def test_the_simulated_node_says_what_it_is():
    if not is_simulated():
        pytest.skip("COCKROACH_BINARY is a real server")
    done = subprocess.run([BIN / "crdbsim", "version"], capture_output=True, text=True)
    assert "crdbsim" in done.stdout and "simulated" in done.stdout
