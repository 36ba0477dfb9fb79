"""`make bench`: start the servers, make the load, measure, print one table (docs/benchmarks.md)."""

import argparse
import os
import platform
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from benchmarks.servers import running_servers

if TYPE_CHECKING:
    from benchmarks.scene import Measure


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--appointments", type=_enough, help="how many visits there are (default: 200000)")
    parser.add_argument(
        "--quick", action="store_true", help="20000 visits and a third of the turns, to see that it runs"
    )
    parser.add_argument("--plans", type=int, help="how many plans move to another protocol version (default: 500)")
    parser.add_argument("--mail", action="store_true", help="only mail in bulk, among 5000 visits")
    parser.add_argument("--messages", type=int, help="how many there are when rows are claimed (default: 1000000)")
    parser.add_argument("--drain", type=int, help="how many mails one process sends at a stretch (default: 5000)")
    parser.add_argument("--volatile", action="store_true", help="commit without waiting for the disk")
    asked = parser.parse_args(argv)
    began = time.monotonic()
    with running_servers(is_durable=not asked.volatile):
        usual = 5_000 if asked.mail else 20_000 if asked.quick else 200_000
        _run(asked.appointments or usual, 20 if asked.quick else 60, is_mail_alone=asked.mail)
        _mail(asked)
        plans = (100 if asked.quick else 500) if asked.plans is None else asked.plans
        if plans > 0 and not asked.mail:
            _roll_out(plans)
    _say(f"{time.monotonic() - began:.0f} s in all.")


def _enough(text: str) -> int:
    number = int(text)
    if not 5_000 <= number <= 10_000_000:
        raise argparse.ArgumentTypeError("give 5,000 to 10,000,000")
    return number


def _run(appointments: int, turns: int, *, is_mail_alone: bool) -> None:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from benchmarks.measures import ALL, commit_seconds
    from benchmarks.race import races
    from benchmarks.scene import Scene
    from clinic.people.models import User
    from plans.load import Size, generate

    _say("Migrating …")
    call_command("migrate", verbosity=0)
    desk = User.objects.create_user("bench@load.example", first_name="Bench", last_name="Desk")
    _say(f"Generating {appointments:,} visits …")
    began = time.monotonic()
    rows = 0

    def count(what: str, number: int, seconds: float) -> None:
        nonlocal rows
        rows += number

    size = Size(patients=max(appointments // 10, 1_000), appointments=appointments, messages=appointments)
    location = generate(size, report=count, members=[desk])
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")
        cursor.execute("RESET statement_timeout")
        cursor.execute("SHOW server_version")
        version = cursor.fetchone()[0]
    _say(f"… {rows:,} rows in {time.monotonic() - began:.0f} s.")

    if is_mail_alone:
        return
    scene = Scene(location, desk, turns=turns, batch=200)
    before = os.getloadavg()[0]
    measures: list[Measure] = []
    for measure in ALL:
        _say(f"Measuring: {(measure.__doc__ or '').splitlines()[0]}")
        measures.append(measure(scene))
    after, commit = os.getloadavg()[0], commit_seconds() * 1000
    _say(
        f"\nPython {platform.python_version()}, PostgreSQL {version.split()[0]}, {os.cpu_count()} cores; "
        f"{size.practitioners} practitioners, {size.days} working days; a commit takes {commit:.2f} ms; "
        f"load {before:.1f} before and {after:.1f} after measuring.\n"
    )
    _say(table(measures))
    for taken in measures:
        if taken.remark:
            _say(f"\n{taken.title}: {taken.remark}")
    _say("\nMany processes book the same slots …")
    before = os.getloadavg()[0]
    found = races(scene, 3 * turns)
    _say(f"… at load {before:.1f} before and {os.getloadavg()[0]:.1f} after.\n\n{found}")


def _mail(asked: argparse.Namespace) -> None:
    from benchmarks.mail import Sizes, mails

    _say("\nMail in bulk …")
    before = os.getloadavg()[0]
    sizes = Sizes(
        mails=400 if asked.quick else 2_000,
        messages=asked.messages or (50_000 if asked.quick else 1_000_000),
        drained=(500 if asked.quick else 5_000) if asked.drain is None else asked.drain,
    )
    found = mails(sizes, _say)
    _say(f"… at load {before:.1f} before and {os.getloadavg()[0]:.1f} after.\n\n{found}\n")


def _roll_out(plans: int) -> None:
    from benchmarks.rollout import rollouts

    _say(f"\nMoving {plans:,} plans to another version of their protocol …")
    before = os.getloadavg()[0]
    found = rollouts(plans, _say)
    _say(f"… at load {before:.1f} before and {os.getloadavg()[0]:.1f} after.\n\n{found}\n")


def table(measures: "Sequence[Measure]") -> str:
    """Milliseconds of one act and the ratios to the floor, as a Markdown table."""
    from benchmarks.scene import p50, p95

    lines = [
        "| | n | p50 ms | p95 ms | a second | floor | p50 ms | p95 ms | a second | ratio p50 | ratio p95 |",
        "|---|--:|--:|--:|--:|---|--:|--:|--:|--:|--:|",
    ]
    for measure in measures:
        ours, floor = measure.ours, measure.floor
        cells = [measure.title, str(len(ours)), *_figures(p50(ours), p95(ours))]
        cells += [measure.floor_title, *_figures(p50(floor), p95(floor))]
        cells += [f"{p50(ours) / p50(floor):.2f}", f"{p95(ours) / p95(floor):.2f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _figures(half: float, most: float) -> list[str]:
    return [f"{half * 1000:.3g}", f"{most * 1000:.3g}", f"{1 / half:,.0f}"]


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
