"""`manage.py deliver_due`: what worker and beat do, once, without Celery: for cron and drills."""

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.dateparse import parse_datetime

from plans.messages.delivery import deliver_due
from plans.messages.sweep import reconcile


def instant(text: str) -> datetime:
    """An RFC 3339 instant with its offset. Raises ValueError."""
    found = parse_datetime(text)
    if found is None or found.tzinfo is None:
        raise ValueError(text)
    return found


class Command(BaseCommand):
    help = "Sweep once and send the mail that is due, once, without Celery. Safe beside running workers."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--until",
            type=instant,
            metavar="INSTANT",
            help="also send what falls due until then, such as 2026-03-02T09:00:00-05:00 (default: now)",
        )

    def handle(self, *args: Any, until: datetime | None, **options: Any) -> None:
        reconcile()
        report = deliver_due(until=until)
        self.stdout.write(str(report))
        if report.unreachable:
            raise CommandError(report.unreachable)
