"""A real Docker Engine for these tests: the one that answers, or as root a private one."""

import os
import pathlib
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(HERE)]


def read_or_nothing(path):
    try:
        return path.read_bytes()
    except OSError:  # Ended meanwhile.
        return b""


@pytest.fixture(scope="session")
def engine():
    folder = ROOT / "build/docker"
    began = subprocess.run([ROOT / "tools/dockerd", "start", folder], capture_output=True, text=True)
    if began.returncode != 0:
        why = (began.stderr.strip().splitlines() or ["no reason given"])[-1]
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(f"CI=true and no Docker Engine: {why}")
        pytest.skip(f"no Docker Engine: {why}")
    host = began.stdout.strip().splitlines()[-1]
    before = os.environ.get("DOCKER_HOST")
    os.environ["DOCKER_HOST"] = host
    subprocess.run([ROOT / "tools/base_image"], check=True)
    yield host
    if host != before:
        # Stops only what was started in this folder; another Engine is not touched.
        subprocess.run([ROOT / "tools/dockerd", "stop", folder], check=True)
        left = [line for line in pathlib.Path("/proc/mounts").read_text().splitlines() if f" {folder}/" in line]
        left += [f"process {path.parent.name}" for path in pathlib.Path("/proc").glob("[0-9]*/cmdline")
                 if f"{folder}/".encode() in read_or_nothing(path)]
        assert not left, f"the private Engine left behind: {left}"
        os.environ.pop("DOCKER_HOST")
        if before:
            os.environ["DOCKER_HOST"] = before


@pytest.fixture(scope="session")
def images(engine, tmp_path_factory):
    from images import build

    return build(tmp_path_factory.mktemp("context"))
