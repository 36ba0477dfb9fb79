"""`manage.py seed_demo`: the demo clinic and its twelve courses, for local mode."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from clinic import clock
from plans.demo.courses import COURSES
from plans.demo.everyday import everyday
from plans.demo.house import is_open, open_house
from plans.demo.replay import replay
from plans.demo.waiting import waitlist


class Command(BaseCommand):
    help = "Create the demo clinic with its sign-ins and twelve courses, relative to today. Safe to repeat."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--everyday", action="store_true", help="fill this week's calendar with visits of other people too"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.LOCAL:
            raise CommandError("seed_demo makes sign-ins with a known password; it runs in local mode only.")
        # All or nothing: an interrupted seeding leaves no half of a course behind.
        with transaction.atomic():
            if is_open():
                self.stdout.write("The demo clinic is here already; nothing to do.")
                return
            house = open_house()
            now = clock.now()
            today = clock.today(house.location.zone)
            acts = replay([course(house, today) for course in (*COURSES, waitlist)], until=now)
            if options["everyday"]:
                acts += replay(everyday(house, today, now), until=now)
        self.stdout.write(f"Replayed {len(COURSES)} courses in {acts} acts.")
