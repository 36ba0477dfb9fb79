#!/usr/bin/env python
"""Django's command line, on the deployment's environment or on this machine's own (clinic/local)."""

import os
import sys
from pathlib import Path

PRODUCTION_VARIABLES = ("SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_URL", "BROKER_URL", "EMAIL_URL", "PUBLIC_URL")


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.settings")
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    if command == "up" or beside_local_home():
        os.environ.setdefault("CLINIC_LOCAL", "1")
    try:
        from django.core.exceptions import ImproperlyConfigured
        from django.core.management import execute_from_command_line
    except ModuleNotFoundError:
        sys.exit(f"Django is not installed in {sys.prefix}: `make run` sets everything up in .venv.")
    try:
        if command == "doctor":  # it has to explain just those settings that Django cannot start with
            from clinic.doctor import main as doctor

            sys.exit(doctor())
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)


def beside_local_home() -> bool:
    """Whether a command joins the local instance: there is one, and nothing names a deployment instead."""
    home = Path(os.environ.get("CLINIC_HOME") or Path(__file__).parent / ".clinic")
    return home.is_dir() and not any(os.environ.get(name) for name in PRODUCTION_VARIABLES)


if __name__ == "__main__":
    main()
