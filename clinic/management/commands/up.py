"""`manage.py up`: everything one machine needs, in one process tree."""

import os
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from clinic.local.home import CannotStart
from clinic.local.supervisor import Supervisor


class Command(BaseCommand):
    help = "Run the clinic on this machine: database, broker, mailbox, web, worker and beat. Ctrl-C stops it."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--no-demo", action="store_true", help="leave out the demo courses and sign-ins")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            Supervisor(os.environ, self.stdout).run(demo=not options["no_demo"])
        except KeyboardInterrupt:
            self.stdout.write("Stopped.")
        except (CannotStart, OSError) as error:
            self.stderr.write(str(error))
            sys.exit(1)
