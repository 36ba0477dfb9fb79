"""`manage.py up` as a person runs it: whole instances, their accidents and their end."""

import http.client
import os
import shutil
import signal
import smtplib
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import kombu.exceptions
import psutil
import psycopg
import pytest
import redis
from celery import Celery

from clinic.local.environment import ADDRESSES
from clinic.local.home import PROJECT, CannotStart, Home
from clinic.local.process import STAMP
from clinic.local.supervisor import bind

PATIENCE_SECONDS = 240.0
"""A first start is much work for one processor, and the other tests want it too."""
PARTS = ["postgres", "valkey-server", "clinic.local.mailbox", "gunicorn", "worker", "beat"]


class Instance:
    """A home, two ports, and what runs from there."""

    def __init__(self) -> None:
        self.base = Path(tempfile.mkdtemp(prefix="whole clinic "))
        self.base.chmod(0o711)
        self.home = Home(self.base / "state")
        with socket.create_server(("127.0.0.1", 0)) as web, socket.create_server(("127.0.0.1", 0)) as smtp:
            self.port, self.smtp_port = web.getsockname()[1], smtp.getsockname()[1]
        self.output = self.base / "output"
        self.running: subprocess.Popen[bytes] | None = None

    def environment(self, **changes):
        """What a terminal would have, and nothing of the tests' own."""
        ours = {*ADDRESSES, "SECRET_KEY", "DJANGO_SETTINGS_MODULE", "CLINIC_LOCAL"}
        clean = {name: value for name, value in os.environ.items() if name not in ours}
        ports = {"PORT": str(self.port), "SMTP_PORT": str(self.smtp_port)}
        return clean | {"CLINIC_HOME": str(self.home.root)} | ports | changes

    def manage(self, *arguments, **changes):
        return subprocess.run(
            [sys.executable, PROJECT / "manage.py", *arguments],
            env=self.environment(**changes),
            capture_output=True,
            text=True,
            check=False,
        )

    def start(self):
        with self.output.open("wb") as output:
            self.running = subprocess.Popen(
                [sys.executable, PROJECT / "manage.py", "up", "--no-demo"],
                env=self.environment(),
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def up(self):
        if self.running is None or self.running.poll() is not None:
            self.start()
        eventually(lambda: "The clinic runs" in self.said() or self.running.poll() is not None, tells=self.said)
        assert self.running.poll() is None, self.said()

    def said(self):
        return self.output.read_text()

    def part(self, name):
        """The process of that part which `up` itself started; None while there is none."""
        for process in psutil.Process(self.running.pid).children():
            try:
                if name in {argument.rpartition("/")[2] for argument in process.cmdline()}:
                    return process
            except psutil.Error:
                continue
        return None

    def processes(self):
        """Everything alive that belongs to this home."""
        return [process for process in psutil.process_iter() if self._owns(process)]

    def _owns(self, process):
        try:
            return process.status() != psutil.STATUS_ZOMBIE and (
                process.environ().get(STAMP) == str(self.home.root) or str(self.home.root) in process.cmdline()
            )
        except psutil.Error:
            return False

    def serves(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", "/health/ready", headers={"Host": "localhost"})
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def takes_mail(self):
        try:
            with smtplib.SMTP("127.0.0.1", self.smtp_port, timeout=30) as client:
                return client.noop()[0] == 250
        except OSError:
            return False

    def works(self):
        try:
            # Not this process's current application: every later test would nudge that broker.
            with Celery(broker=self.home.broker_url, set_as_current=False) as app:
                return len(app.control.ping(timeout=0.3)) == 1
        except (kombu.exceptions.KombuError, redis.RedisError):
            return False

    def stops(self, number):
        """Send that signal; whether it ended well and left nothing."""
        self.running.send_signal(number)
        assert self.running.wait(120) == 0, self.said()
        eventually(lambda: not self.processes(), seconds=30)
        return "Stopped" in self.said() and not self.home.sockets.exists()

    def kill_all(self):
        for process in [psutil.Process(self.running.pid), *self.processes()]:
            process.kill()
        self.running.wait()

    def end(self):
        if self.running.poll() is None:
            self.kill_all()
        self.home.remove_sockets()
        shutil.rmtree(self.base)


def eventually(condition, seconds=PATIENCE_SECONDS, tells=lambda: "it did not come true in time"):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, tells()
        time.sleep(0.05)


@pytest.fixture(scope="module")
def home_and_ports():
    instance = Instance()
    yield instance
    instance.end()


@pytest.fixture
def instance(home_and_ports):
    """An instance that runs and answers. One for the module: a first start takes its time."""
    home_and_ports.up()
    return home_and_ports


def test_it_says_where_everything_is_once_everything_answers(instance):
    assert instance.serves()
    said = instance.said()
    address = f"http://localhost:{instance.port}/"
    for shown in (address, f"{address}api/v1/docs/", f"{address}mailbox/", str(instance.home.root), "Ctrl-C"):
        assert shown in said
    for step in ("PostgreSQL", "Valkey", "Mailbox", "Migrations", "Web", "Worker", "Beat"):
        assert step in said
    assert "demo-clinic-2026" not in said  # without the demo there is nobody to sign in as


def test_each_process_logs_to_its_own_file(instance):
    logs = {path.name for path in (instance.home.root / "log").iterdir()}
    assert logs >= {f"{name}.log" for name in ("postgres", "valkey", "mailbox", "web", "worker", "beat")}


def test_a_command_in_a_second_terminal_joins_it(instance):
    assert instance.manage("deliver_due", PORT="", SMTP_PORT="").returncode == 0
    result = instance.manage("doctor", PORT="", SMTP_PORT="")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "✗" not in result.stdout


def test_a_second_start_from_the_same_home_gets_one_sentence(instance):
    result = instance.manage("up", PORT="", SMTP_PORT="")
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert f"already runs from {instance.home.root}" in result.stderr


def test_a_taken_port_gets_one_sentence_before_anything_begins(instance, tmp_path):
    result = instance.manage("up", CLINIC_HOME=str(tmp_path / "other"))
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert f"Port {instance.port} (PORT) is taken by another program" in result.stderr
    assert not (tmp_path / "other" / "postgres").exists()


@pytest.mark.parametrize("name", ["PORT", "SMTP_PORT"])
def test_the_sentence_about_a_taken_port_names_the_variable_and_another_port(name):
    with socket.create_server(("127.0.0.1", 0)) as other:
        number = other.getsockname()[1]
        with pytest.raises(CannotStart) as refused, bind({name: str(number)}, name):
            pytest.fail("bound twice")
    sentence = str(refused.value)
    assert f"Port {number} ({name}) is taken" in sentence
    assert f"`{name}={number % 60000 + 1001} make run`" in sentence


@pytest.mark.parametrize("name", PARTS)
def test_a_killed_process_comes_back(instance, name):
    before = instance.part(name)
    before.kill()
    eventually(lambda: (after := instance.part(name)) and after.pid != before.pid)
    eventually(lambda: instance.serves() and instance.takes_mail() and instance.works())


def test_after_kill_9_of_everything_a_new_start_has_the_data(instance):
    with psycopg.connect(instance.home.database_url) as connection:
        connection.execute("CREATE TABLE memory AS SELECT 'kept' AS word")
    instance.kill_all()
    instance.up()
    assert instance.serves()
    with psycopg.connect(instance.home.database_url) as connection:
        assert connection.execute("SELECT word FROM memory").fetchone() == ("kept",)


def test_a_signal_stops_it_without_a_trace_while_it_runs_and_while_it_starts(instance):
    assert instance.stops(signal.SIGINT)
    instance.start()
    eventually(lambda: "Mailbox" in instance.said())
    assert instance.stops(signal.SIGTERM)
