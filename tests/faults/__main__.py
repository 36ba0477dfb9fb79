"""`make faults`: the whole fault suite, with the engines that are broken on purpose (docs/reliability.md)."""

import argparse
import random
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.faults.run import Plan, run

CONTROLS = ("resends", "looks_once", "says_sent_first")
CONTROL_SECONDS = 40.0
SHOWN = 20


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seconds", type=float, default=540.0, help="of faults (default: 540)")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="to repeat a run's order of faults")
    parser.add_argument("--break", dest="breaks", default="", help=f"put a broken engine to the test: {CONTROLS}")
    parser.add_argument("--no-controls", action="store_true", help="leave out the engines broken on purpose")
    parser.add_argument("--keep", type=Path, help="leave journal and logs in this directory")
    asked = parser.parse_args(argv)
    verdict = run(Plan(asked.seconds, asked.seed, asked.breaks), _say, keep=asked.keep)
    _say(f"\n{verdict}\n")
    for violation in verdict.violations[:SHOWN]:
        _say(f"- {violation}")
    _say(f"{len(verdict.violations)} violations; seed {asked.seed}.")
    is_right = not verdict.violations
    if not asked.breaks and not asked.no_controls:
        for name in CONTROLS:
            is_right &= _control(name, asked.seed)
    return 0 if is_right else 1


def _control(name: str, seed: int) -> bool:
    """Whether the suite objects to this broken engine. In a process of its own: settings are read once."""
    import subprocess

    command = [sys.executable, "-m", "tests.faults", "--break", name, "--seconds", str(CONTROL_SECONDS)]
    ended = subprocess.run([*command, "--seed", str(seed)], capture_output=True, text=True, check=False)
    _say(f"\nControl, an engine that {name.replace('_', ' ')}: exit {ended.returncode}")
    shown = [line for line in ended.stdout.splitlines() if line.startswith("| ") or "violations;" in line]
    _say("\n".join(line for line in shown if any(word in line for word in WORDS)))
    if ended.returncode == 0:
        _say("It was not caught.")
    return ended.returncode == 1


WORDS = ("messages", "delivered", "lost", "unknown", "begun", "kills", "violations")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
