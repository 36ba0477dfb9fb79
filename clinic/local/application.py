"""The application's own processes: web, worker and beat, as local mode and the tests run them."""

import http.client
import socket
import sys
from collections.abc import Mapping

from clinic.celery import app
from clinic.local.home import Home
from clinic.local.process import Process


class Web(Process):
    """gunicorn, on a socket that was bound beforehand: a restart finds its port free whatever happened."""

    def __init__(self, home: Home, listener: socket.socket, *, env: Mapping[str, str] | None = None) -> None:
        self.host, self.port = listener.getsockname()
        argv = [
            *(sys.executable, "-m", "gunicorn", "clinic.wsgi"),
            *("--bind", f"fd://{listener.fileno()}"),
            *("--worker-class", "gthread", "--workers", "2", "--threads", "4"),
            *("--graceful-timeout", "5", "--no-control-socket"),
        ]
        super().__init__(home, "web", argv, env=env, pass_fds=[listener.fileno()])

    def answers(self) -> bool:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=5)
        try:
            connection.request("GET", "/health/ready", headers={"Host": "localhost"})
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


class Worker(Process):
    """A Celery worker; the node name tells several on one machine apart."""

    def __init__(
        self, home: Home, node: str = "worker", *, children: int = 2, env: Mapping[str, str] | None = None
    ) -> None:
        self.node = f"{node}@{home.digest}"
        argv = [
            *(sys.executable, "-m", "celery", "-A", "clinic", "worker"),
            *("--hostname", self.node, "--pool=prefork", f"--concurrency={children}", "--loglevel=INFO"),
            *("--without-gossip", "--without-mingle"),
        ]
        super().__init__(home, "worker", argv, env=env)

    def answers(self) -> bool:
        with app.connection_for_write() as connection:
            try:
                return bool(app.control.ping(destination=[self.node], timeout=0.3, connection=connection))
            except connection.connection_errors:
                return False


class Beat(Process):
    """Celery's clock. Its schedule is intervals only, so it keeps no file that a kill could leave half-written."""

    def __init__(self, home: Home, *, env: Mapping[str, str] | None = None) -> None:
        argv = [
            *(sys.executable, "-m", "celery", "-A", "clinic", "beat"),
            *("--scheduler", "celery.beat:Scheduler", "--loglevel=INFO"),
        ]
        super().__init__(home, "beat", argv, env=env)
