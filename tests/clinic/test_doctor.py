import subprocess
import sys
from types import SimpleNamespace

import pytest
from django.core.management import call_command

from clinic import doctor
from clinic.doctor import Finding
from clinic.local.home import PROJECT


def examined():
    return {finding.part: finding for finding in doctor.examine()}


def test_all_is_well_where_every_part_answers(celery_worker_process, capsys):
    call_command("deliver_due")  # a pass has ended lately
    capsys.readouterr()
    call_command("doctor")
    lines = capsys.readouterr().out.splitlines()
    assert all(line.startswith("✓") for line in lines), lines
    assert {"python", "requirements", "database", "migrations", "broker", "mail", "delivery"} <= {
        line.split()[1] for line in lines
    }


def test_a_broken_part_is_named_with_its_mend_and_the_rest_is_looked_at_all_the_same(db, broker, mailbox, capsys):
    broker.kill()
    mailbox.kill()
    with pytest.raises(SystemExit) as exit_:
        call_command("doctor")
    assert exit_.value.code == 1
    lines = {line.split()[1]: line for line in capsys.readouterr().out.splitlines()}
    assert lines["database"].startswith("✓")
    for part in ("broker", "mail"):
        assert lines[part].startswith("✗")
        assert "start it with `make run`" in lines[part]


def test_a_broker_without_workers_is_not_enough(db, broker, mailbox):
    assert examined()["worker"].mend


def test_in_production_the_mend_names_the_variable(db, broker, mailbox, monkeypatch):
    monkeypatch.delenv("CLINIC_LOCAL")
    broker.kill()
    assert "correct BROKER_URL" in examined()["broker"].mend


def test_missing_migrations_are_counted(db, broker, mailbox, monkeypatch):
    monkeypatch.setattr("django.db.migrations.executor.MigrationExecutor.migration_plan", lambda *_: [1, 2])
    assert examined()["migrations"] == Finding("migrations", "2 not applied", "start it with `make run`")


def test_what_is_installed_in_another_version_is_named(monkeypatch):
    monkeypatch.setattr(doctor, "_installed_version", lambda name: "0.0.1" if name == "celery" else None)
    finding = doctor.requirements()
    assert "celery" in finding.state or "more" in finding.state
    assert "pip install --require-hashes -r requirements-dev.txt" in finding.mend


def test_a_pin_for_other_platforms_may_be_left_out(monkeypatch, tmp_path):
    pin = "colorama==0.4.6 ; sys_platform == 'win32' \\\n    --hash=sha256:0\n"
    (tmp_path / "requirements-dev.txt").write_text(pin)
    monkeypatch.setattr(doctor, "PROJECT", tmp_path)
    monkeypatch.setattr(doctor, "_installed_version", lambda name: None)
    assert not doctor.requirements().mend


def test_an_old_python_and_a_full_disk_are_named(monkeypatch):
    monkeypatch.setattr(doctor.sys, "version_info", (3, 10, 0))
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda place: SimpleNamespace(free=5 * 2**20))
    assert "3.11" in doctor.python().mend
    assert doctor.disk().state.startswith("5 MB free")
    assert doctor.disk().mend


def test_rooms_above_add_their_own_checks(db, broker, mailbox, monkeypatch):
    monkeypatch.setattr(doctor, "further_checks", [lambda: Finding("delivery", "last pass an hour ago", "start beat")])
    assert examined()["delivery"].mend == "start beat"


def test_it_explains_an_environment_that_django_cannot_start_with(tmp_path):
    result = subprocess.run(
        [sys.executable, PROJECT / "manage.py", "doctor"],
        env={"CLINIC_HOME": str(tmp_path / "none"), "SECRET_KEY": "set", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    last = result.stdout.splitlines()[-1]
    assert last.startswith("✗ environment")
    assert "Missing in the environment: ALLOWED_HOSTS, DATABASE_URL, BROKER_URL, EMAIL_URL, PUBLIC_URL" in last
    assert result.stderr == ""


def test_any_other_command_stops_with_that_sentence_alone(tmp_path):
    result = subprocess.run(
        [sys.executable, PROJECT / "manage.py", "migrate"],
        env={"CLINIC_HOME": str(tmp_path / "none"), "SECRET_KEY": "set", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert result.stderr.startswith("Missing in the environment: ALLOWED_HOSTS")
    assert result.stderr.count("\n") == 1
