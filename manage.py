#!/usr/bin/env python
"""Django's command line, on the deployment's environment or on this machine's own (clinic/local)."""

import os
import sys

PRODUCTION_VARIABLES = ("SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_URL", "BROKER_URL", "EMAIL_URL", "PUBLIC_URL")
STARTS_LOCAL = {"up"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.settings")
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    home = os.environ.get("CLINIC_HOME", ".clinic")
    beside_local_home = os.path.isdir(home) and not any(name in os.environ for name in PRODUCTION_VARIABLES)
    if command in STARTS_LOCAL or beside_local_home:
        os.environ.setdefault("CLINIC_LOCAL", "1")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
