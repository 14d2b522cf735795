"""chaosd is killed and its journal is lost: what it broke is mended by its marks alone, and nothing else is touched."""

import shutil

import pytest

import netns
from bench import Bench, docker, look
from support.cluster import until

BROKEN = {"kill": "exited", "stop": "exited", "pause": "paused", "cpu.throttle": "running", "memory.pressure": "running"}
PARAMETERS = {"cpu.throttle": {"percent": 20}, "memory.pressure": {"headroom_mb": 64}}


@pytest.fixture
def bench(tmp_path, engine):
    bench = Bench(tmp_path, engine)
    yield bench
    bench.close()


def remove(journal):
    journal.unlink()


def scribble(journal):
    journal.write_bytes(b"\x00\xff no journal \n" * 100)


def put_a_folder_there(journal):
    """Nobody can read one, root neither."""
    journal.unlink()
    journal.mkdir()


def lose_everything(journal):
    shutil.rmtree(journal.parent)
    journal.parent.mkdir()


def limits(name):
    return netns.fingerprint(name)["limits"]


def die_and_lose(bench, lose=remove):
    bench.chaosd.kill()
    lose(bench.directory / "state/journal.jsonl")


def await_mended(bench, *broken):
    """Pairs of a fault and its target: all of them, and then no mark is left."""
    for fault, target in broken:
        bench.await_container(target, "running")
        assert bench.await_fault(fault, "reverted")["reason"].startswith("found by its mark")
    assert bench.marks() == []


@pytest.mark.parametrize("kind", list(BROKEN))
@pytest.mark.parametrize("lose", [remove, put_a_folder_there])
def test_what_was_broken_is_mended_and_what_another_hand_did_is_left(bench, kind, lose):
    target, theirs, down = bench.container("target"), bench.container("theirs"), bench.container("down")
    before = limits(target)
    bench.start_chaosd()
    bench.await_targets(target, theirs, down)
    fault = bench.inject(kind, target, duration_s=600, **PARAMETERS.get(kind, {}))
    bench.await_fault(fault, "active")
    assert look(target)["Status"] == BROKEN[kind] and len(bench.marks()) == 1
    docker("pause", theirs)
    docker("kill", down)
    die_and_lose(bench, lose)
    bench.start_chaosd()
    await_mended(bench, (fault, target))
    assert limits(target) == before
    assert look(theirs)["Status"] == "paused" and look(down)["Status"] == "exited"


@pytest.mark.parametrize("lose", [scribble, lose_everything])
def test_several_at_once_are_healed_by_one_call_that_may_be_repeated(bench, lose):
    broken = {kind: bench.container(kind) for kind in ("kill", "stop", "pause")}
    bench.start_chaosd()
    bench.await_targets(*broken.values())
    faults = {kind: bench.inject(kind, name, duration_s=600) for kind, name in broken.items()}
    for fault in faults.values():
        bench.await_fault(fault, "active")
    die_and_lose(bench, lose)
    bench.start_chaosd()
    for _ in range(2):
        assert bench.call("/heal", method="POST").status == 202
    await_mended(bench, *((faults[kind], name) for kind, name in broken.items()))


def test_heal_looks_for_marks_at_once_not_only_at_the_start(bench):
    """A mark that comes to light later: here of a chaosd of the same label elsewhere, whose disk is gone."""
    target = bench.container("target")
    bench.start_chaosd()
    bench.await_targets(target)
    fault = bench.inject("pause", target, duration_s=600)
    bench.await_fault(fault, "active")
    [mark] = bench.marks()
    labels = docker("volume", "inspect", "--format", "{{range $k, $v := .Labels}}{{$k}}={{$v}}\n{{end}}", mark).splitlines()
    docker("volume", "rm", mark)
    die_and_lose(bench)
    bench.start_chaosd()
    bench.await_targets(target)
    assert bench.call("/faults?state=all").json["faults"] == [] and look(target)["Status"] == "paused"
    docker("volume", "create", *(f"--label={label}" for label in labels), mark)
    assert bench.call("/heal", method="POST").status == 202
    await_mended(bench, (fault, target))


def test_a_target_that_was_started_and_stopped_by_another_hand_stays_down(bench):
    target = bench.container("target")
    bench.start_chaosd()
    fault = bench.inject("kill", target, duration_s=600)
    bench.await_fault(fault, "active")
    die_and_lose(bench)
    docker("start", target)
    docker("kill", target)
    bench.start_chaosd()
    assert "by another hand" in bench.await_fault(fault, "reverted")["reason"]
    assert look(target)["Status"] == "exited" and bench.marks() == []


def test_a_target_that_is_gone_leaves_no_mark(bench):
    target = bench.container("target")
    bench.start_chaosd()
    fault = bench.inject("stop", target, duration_s=600, grace_s=1)
    bench.await_fault(fault, "active")
    die_and_lose(bench)
    docker("rm", "-f", target)
    bench.start_chaosd()
    bench.await_fault(fault, "reverted")
    assert bench.marks() == []


def test_with_its_journal_a_fault_is_kept_until_its_end_and_its_mark_as_long(bench):
    target = bench.container("target")
    bench.start_chaosd()
    fault = bench.inject("pause", target, duration_s=600)
    bench.await_fault(fault, "active")
    marks = bench.marks()
    bench.chaosd.kill()
    bench.start_chaosd()
    assert bench.fault(fault)["state"] == "active" and bench.marks() == marks == [f"faultline-mark-{fault}"]
    bench.call(f"/faults/{fault}", method="DELETE")
    bench.await_fault(fault, "reverted")
    until(lambda: not bench.marks(), 5, "the mark is gone")
