"""`manage.py doctor`, where Django lists it; manage.py itself runs it without Django, to explain a broken setup."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from clinic import doctor


class Command(BaseCommand):
    help = "Check every part the service needs; say in one line each what is wrong and how to mend it."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        if code := doctor.main():
            sys.exit(code)
