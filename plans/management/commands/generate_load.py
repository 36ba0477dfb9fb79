"""`manage.py generate_load`: bulk data for benchmarks, by COPY."""

from argparse import ArgumentParser
from collections import Counter, defaultdict
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from clinic.errors import Invalid
from clinic.people.models import User
from plans.load import NAME, Size, generate


class Command(BaseCommand):
    help = (
        f'Fill a location of its own, "{NAME}", with patients, visits back and ahead, and their mails. Pending ones '
        "are sent when they fall due, to addresses that do not exist."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--patients", type=int, default=1_000, metavar="N")
        parser.add_argument("--appointments", type=int, default=5_000, metavar="N")
        parser.add_argument("--messages", type=int, default=20_000, metavar="N", help="at most 4 an appointment")
        parser.add_argument(
            "--member",
            action="append",
            default=[],
            metavar="EMAIL",
            help="who becomes front desk and manager there, to look at it; may be given several times",
        )
        parser.add_argument(
            "--outside-local-mode", action="store_true", help="also where real patients may be in the database"
        )

    def handle(
        self,
        *args: Any,
        patients: int,
        appointments: int,
        messages: int,
        member: list[str],
        outside_local_mode: bool,
        **options: Any,
    ) -> None:
        if not settings.LOCAL and not outside_local_mode:
            raise CommandError(
                "generate_load makes up patients and visits; it runs in local mode only, or with --outside-local-mode."
            )
        try:
            size = Size(patients, appointments, messages)
        except Invalid as error:
            raise CommandError(str(error)) from None
        members = list(User.objects.filter(email__in=[email.lower() for email in member]))
        if missing := {email.lower() for email in member} - {user.email for user in members}:
            raise CommandError(f"Nobody signs in as {', '.join(sorted(missing))}.")

        counts, seconds = Counter[str](), defaultdict[str, float](float)

        def report(what: str, count: int, took: float) -> None:
            counts[what] += count
            seconds[what] += took

        location = generate(size, report=report, members=members)
        for what, count in counts.items():
            self.stdout.write(f"{count:>10,} {what}: {count / max(seconds[what], 1e-9):,.0f} a second")
        self.stdout.write(f"In {location.name}: {size.practitioners} practitioners, {size.days} working days.")
