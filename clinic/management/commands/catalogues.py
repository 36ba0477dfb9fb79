"""`manage.py catalogues`: the words for patients in every language. Needs Babel, which only development has."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser


class Command(BaseCommand):
    help = (
        "Bring the catalogues of settings.LOCALE_PATHS up to date with the code and the templates of their rooms, and "
        "compile them. With --check write nothing, and fail where a translation or a file is not as it should be."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="only say what is wrong")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        from clinic.catalogues import catalogues_of_settings, cities_of_zones  # Babel is not there in production
        from clinic.places.zonenames import CITIES

        catalogues, cities = catalogues_of_settings(), cities_of_zones()
        if not check:
            CITIES.write_text(cities, encoding="utf-8")
            for catalogue in catalogues:
                catalogue.write()
        faults = [fault for catalogue in catalogues for fault in catalogue.faults()]
        if not CITIES.exists() or CITIES.read_text(encoding="utf-8") != cities:
            faults.append(f"{CITIES.name} is not what CLDR says: `manage.py catalogues` writes it anew.")
        for fault in faults:
            self.stderr.write(fault)
        if faults and check:
            sys.exit(1)
