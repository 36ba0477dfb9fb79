import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from clinic.local.home import CannotStart
from clinic.local.process import STAMP, Process, end_orphans

STUBBORN_WITH_CHILD = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("child", child.pid, flush=True)
time.sleep(600)
"""


def eventually(condition, seconds=60.0):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)
    return found


def gone(pid):
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def child_of(process):
    said = eventually(lambda: [line for line in process.log.read_text().splitlines() if line.startswith("child")])
    return int(said[0].split()[1])


def test_what_does_not_stop_when_asked_is_made_to_with_its_children(home, start_process):
    process = Process(home, "stubborn", [sys.executable, "-c", STUBBORN_WITH_CHILD])
    process.grace_seconds = 0.2
    start_process(process)
    child = child_of(process)
    process.stop()
    assert not process.alive
    eventually(lambda: gone(child))


def test_children_of_a_killed_process_are_ended_before_it_starts_again(home, start_process):
    process = start_process(Process(home, "stubborn", [sys.executable, "-c", STUBBORN_WITH_CHILD]))
    process.grace_seconds = 0.2
    child = child_of(process)
    process.kill()
    assert not gone(child)
    process.start()
    eventually(lambda: gone(child))


def test_one_that_stops_while_starting_says_why(home, start_process):
    process = Process(home, "brief", [sys.executable, "-c", "print('the reason'); exit(3)"])
    process.answers = lambda: False
    with pytest.raises(CannotStart, match=r"(?s)brief stopped while starting.*the reason"):
        start_process(process)


def test_a_full_disk_in_its_log_becomes_one_sentence(home, start_process):
    process = Process(home, "full", [sys.executable, "-c", "exit('write failed: No space left on device')"])
    process.answers = lambda: False
    with pytest.raises(CannotStart, match=r"^full stopped while starting: the disk that holds .* is full\."):
        start_process(process)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal")
def test_processes_go_with_their_killed_supervisor(home):
    supervisor = f"""
import sys, time
from pathlib import Path
from clinic.local.home import Home
from clinic.local.process import Process
process = Process(Home(Path({str(home.root)!r})), "sleeper", [sys.executable, "-c", "import time; time.sleep(600)"])
process.start()
print(process.pid, flush=True)
time.sleep(600)
"""
    with subprocess.Popen([sys.executable, "-c", supervisor], stdout=subprocess.PIPE, text=True) as running:
        pid = int(running.stdout.readline())
        running.kill()
    eventually(lambda: gone(pid))


def test_orphans_of_this_home_are_ended_and_no_others(home):
    def sleeper(root):
        return subprocess.Popen(
            [sys.executable, "-c", "import time; time.sleep(600)"], env=os.environ | {STAMP: str(root)}
        )

    with sleeper(home.root) as orphan, sleeper(Path("/another home")) as stranger:
        eventually(lambda: psutil.Process(orphan.pid).environ() and psutil.Process(stranger.pid).environ())
        try:
            assert end_orphans(home) == 1
            eventually(lambda: gone(orphan.pid))
            assert stranger.poll() is None
        finally:
            stranger.kill()
