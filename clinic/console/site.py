"""The staff console is Django's admin site in unfold's clothes, under our own index and navigation."""

from django.contrib.admin.apps import AdminConfig


class ClinicAdminConfig(AdminConfig):
    """Replaces `django.contrib.admin`; registers each package's `admin.py` at start."""

    default_site = "clinic.console.site.Console"


def __getattr__(name: str) -> type:
    # unfold's site imports models, which are not ready when this config is.
    if name == "Console":
        from clinic.console.pages import Console

        return Console
    raise AttributeError(name)
