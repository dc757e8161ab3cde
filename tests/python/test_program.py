"""The program itself: its demo, its health check, and its refusals."""

import os
import subprocess

from conftest import BIN


def run(*arguments, **environment):
    return subprocess.run(
        [BIN, *arguments], capture_output=True, text=True, timeout=120, env=os.environ | environment
    )


def test_every_scene_of_the_demo_is_ok():
    played = run("demo", "--color", "never")
    assert played.returncode == 0, played.stdout[-3000:]
    outcome = played.stdout.split("━━ Outcome")[1].strip().splitlines()
    assert len(outcome) == 5 and all(line.startswith("ok ") for line in outcome), outcome


def test_health_tells_by_its_exit_code(server):
    assert run("health", "--url", server).returncode == 0
    refused = run("health", "--url", "http://127.0.0.1:9")
    assert refused.returncode == 1 and refused.stderr.count("\n") == 1


def test_what_cannot_be_started_is_told_in_one_line_with_code_2(server):
    taken = server.removeprefix("http://")
    for refused in [
        run("--listen", taken),
        run("--listen", "nowhere"),
        run("--no-such-flag"),
        run(PARHELION_SEED="many"),
        run("--public-url", "ftp://x"),
        run("--clock", "fast"),
        run("--log", "=="),
    ]:
        assert refused.returncode == 2 and refused.stdout == "", refused
        assert refused.stderr.startswith("parhelion: ") and refused.stderr.count("\n") == 1, refused.stderr
