"""What local mode fills in: the addresses of this machine's own parts, for whatever the environment leaves out."""

from collections.abc import Callable, Mapping, MutableMapping

from django.core.exceptions import ImproperlyConfigured

from clinic.local.home import Home

DEFAULT_PORTS = {"PORT": 8000, "SMTP_PORT": 1025}
ADDRESSES = ("PORT", "SMTP_PORT", "ALLOWED_HOSTS", "DATABASE_URL", "BROKER_URL", "EMAIL_URL", "PUBLIC_URL")


def fill_environment(environ: MutableMapping[str, str]) -> None:
    """Fill what is missing in `environ`; never change what is set.

    While an instance runs from the same CLINIC_HOME its addresses are taken, so that a command in a second
    terminal joins it. Raises ImproperlyConfigured for a port that is none.
    """
    home = Home.of(environ)
    environ["CLINIC_HOME"] = str(home.root)  # absolute: child processes work in the project's directory
    if not all(environ.get(name) for name in ADDRESSES):
        for name, value in home.addresses_of_running_instance().items():
            environ.setdefault(name, value)
    for name in DEFAULT_PORTS:
        environ[name] = str(port(environ, name))
    _set_missing(environ, "SECRET_KEY", home.secret_key)
    _set_missing(environ, "ALLOWED_HOSTS", lambda: "localhost,127.0.0.1,[::1]")
    _set_missing(environ, "DATABASE_URL", lambda: home.database_url)
    _set_missing(environ, "BROKER_URL", lambda: home.broker_url)
    _set_missing(environ, "EMAIL_URL", lambda: mailbox_url(environ))
    _set_missing(environ, "PUBLIC_URL", lambda: f"http://localhost:{environ['PORT']}")


def port(environ: Mapping[str, str], name: str) -> int:
    """The port that variable `name` asks for, else its default."""
    text = environ.get(name) or str(DEFAULT_PORTS[name])
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise ImproperlyConfigured(f"{name} is {text!r}: give a port number between 1 and 65535.")
    return int(text)


def mailbox_url(environ: Mapping[str, str]) -> str:
    """Where this instance's mailbox takes mail."""
    return f"smtp://127.0.0.1:{port(environ, 'SMTP_PORT')}"


def _set_missing(environ: MutableMapping[str, str], name: str, value: Callable[[], str]) -> None:
    if not environ.get(name):
        environ[name] = value()
