"""Two minutes of the fault suite; `make faults` runs all of it. A failure says the seed that repeats its faults."""

import os
import random
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from clinic.local.home import PROJECT
from tests.faults.checker import Awaited, Row, check
from tests.faults.journal import Entry

SECONDS = os.environ.get("FAULTS_SECONDS", "60")
SEED = os.environ.get("FAULTS_SEED") or str(random.SystemRandom().randrange(10**6))
CONTROL_SECONDS = "20"
CONTROLS = 3


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    command = [sys.executable, "-W", "ignore", "-m", "tests.faults", "--no-controls", "--seed", SEED, *arguments]
    return subprocess.run(
        command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=900, check=False
    )


def figure(ended: "subprocess.CompletedProcess[str]", name: str) -> int:
    (line,) = (line for line in ended.stdout.splitlines() if line.startswith(f"| {name}"))
    return int(line.rsplit("|", 2)[1].replace(",", ""))


def test_no_mail_is_sent_twice_in_vain_or_lost_whatever_fails() -> None:
    ended = run("--seconds", SECONDS)
    assert ended.returncode == 0, f"FAULTS_SEED={SEED}\n{ended.stdout}\n{ended.stderr}"
    assert figure(ended, "delivered once") > 0
    assert figure(ended, "kills") > 0


def test_the_suite_objects_to_an_engine_that_is_broken_on_purpose() -> None:
    """It sends again what it has no word of, and does not look again at what it leased. A short run may happen not to
    meet one of the two, so it has three."""
    twice = after = 0
    for _ in range(CONTROLS):
        ended = run("--seconds", CONTROL_SECONDS, "--break", "resends,looks_once")
        twice, after = twice + figure(ended, "delivered twice"), after + figure(ended, "begun after")
        if twice and after:
            break
    assert twice > 0, f"FAULTS_SEED={SEED}\n{ended.stdout}\n{ended.stderr}"
    assert after > 0, f"FAULTS_SEED={SEED}\n{ended.stdout}\n{ended.stderr}"
    assert ended.returncode == 1


class TestChecker:
    """What it objects to, and what it does not."""

    NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)

    def row(self, status: str, reason: str = "", **fields: object) -> Row:
        values = {
            "id": "m",
            "kind": "confirmation",
            "status": status,
            "reason": reason,
            "patient": "p",
            "visit": "v",
            "revision": 1,
            "due_at": self.NOW - timedelta(minutes=1),
            "settled_at": None,
            "expires_at": self.NOW + timedelta(days=1),
            **fields,
        }
        return Row(**values)

    def judge(self, row: Row, *journal: tuple[str, dict[str, object]]) -> list[str]:
        entries = [Entry(at, "worker:1", event, facts) for at, (event, facts) in enumerate(journal)]
        return check(entries, {row.id: row}, self.NOW).violations

    TOOK = ("took", {"message": "m"})
    BEGAN = (("begins", {"message": "m"}), ("begun", {"message": "m"}))
    CANCELLED = ("done", {"act": "cancel", "visit": "v", "revision": 2})

    @pytest.mark.parametrize(
        ("status", "reason", "took", "objects"),
        [
            ("sent", "", 1, False),
            ("sent", "", 2, True),
            ("sent", "", 0, True),
            ("unknown", "Nobody knows.", 1, False),
            ("unknown", "Nobody knows.", 0, False),
            ("unknown", "", 0, True),
            ("failed", "Refused.", 0, False),
            ("failed", "Refused.", 1, True),
            ("cancelled", "Changed.", 1, True),
            ("pending", "", 0, True),
            ("sending", "", 1, True),
        ],
    )
    def test_a_message_ends_as_the_mail_server_knows_it(
        self, status: str, reason: str, took: int, objects: bool
    ) -> None:
        assert bool(self.judge(self.row(status, reason), *[self.TOOK] * took)) is objects

    def test_what_is_not_due_yet_may_wait(self) -> None:
        assert not self.judge(self.row("pending", due_at=self.NOW + timedelta(seconds=1)))

    def test_what_a_wrong_clock_closed_has_to_be_opened_again(self) -> None:
        assert self.judge(self.row("expired", "Late.", settled_at=self.NOW + timedelta(hours=1)))
        assert not self.judge(self.row("expired", "Late.", settled_at=self.NOW))
        ahead = {"settled_at": self.NOW + timedelta(hours=1), "expires_at": self.NOW}
        assert not self.judge(self.row("expired", "Late.", **ahead)), "it is of no use any more"

    def test_a_mail_of_nobody(self) -> None:
        assert self.judge(self.row("sent"), self.TOOK, ("took", {"message": "another"}))

    @pytest.mark.parametrize("change", [CANCELLED, ("done", {"act": "opt out", "patient": "p"})])
    def test_what_begins_after_a_change_has_committed_begins_in_vain(
        self, change: tuple[str, dict[str, object]]
    ) -> None:
        before = (*self.BEGAN, self.TOOK, change)
        after = (change, *self.BEGAN, self.TOOK)
        assert not [said for said in self.judge(self.row("sent"), *before) if "untrue" in said]
        assert [said for said in self.judge(self.row("sent"), *after) if "untrue" in said]

    def test_a_commit_that_was_asked_for_before_is_given_the_benefit_of_the_doubt(self) -> None:
        """Who had the lock first decides, and that a journal cannot see."""
        begins, begun = self.BEGAN
        judged = self.judge(self.row("sent"), begins, self.CANCELLED, begun, self.TOOK)
        assert not [said for said in judged if "untrue" in said]

    def test_an_act_whose_mail_was_never_planned(self) -> None:
        assert [said for said in self.judge(self.row("sent"), self.TOOK, self.CANCELLED) if "never planned" in said]

    OVER = ("done", {"act": "hold", "ends": ["plan"], "kinds": ["reminder", "preparation"]})
    ON_AGAIN = ("op", {"act": "resume", "begins_again": ["plan"]})

    @pytest.mark.parametrize(
        ("fields", "journal", "objects"),
        [
            ({"kind": "reminder", "plan": "plan"}, [OVER], True),
            ({"kind": "reminder", "plan": "plan"}, [OVER, ON_AGAIN], False),
            ({"kind": "confirmation", "plan": "plan"}, [OVER], False),
            ({"kind": "overdue", "subject": "f"}, [("done", {"act": "cancel a follow-up", "ends": ["f"]})], True),
            ({"kind": "check_in", "subject": "c"}, [("done", {"act": "answer", "ends": ["d"]})], False),
            (
                {"kind": "offer", "subject": "w", "number": 2},
                [("done", {"act": "decline", "entry": "w", "number": 2})],
                True,
            ),
            (
                {"kind": "offer", "subject": "w", "number": 3},
                [("done", {"act": "decline", "entry": "w", "number": 2})],
                False,
            ),
        ],
    )
    def test_what_has_ended_is_not_told_any_more(
        self, fields: dict[str, object], journal: list[tuple[str, dict[str, object]]], objects: bool
    ) -> None:
        said = self.judge(self.row("sent", **fields), *journal, *self.BEGAN, self.TOOK)
        assert bool([line for line in said if "untrue" in line]) is objects

    def test_what_a_session_owes_an_alarm_and_an_offer_are_planned(self) -> None:
        for owed in ({"act": "perform", "owes": ["s"]}, {"act": "answer", "ends": [], "alarms": ["c"]}):
            assert self.judge(self.row("sent"), self.TOOK, ("done", owed))
        offer = ("done", {"act": "offer", "entry": "w", "number": 2})
        assert self.judge(self.row("sent", subject="w", number=1), self.TOOK, offer)
        assert not self.judge(self.row("sent", subject="w", number=2), self.TOOK, offer)

    def test_every_visit_to_come_has_its_reminders(self) -> None:
        row = self.row("cancelled", "Replaced.", kind="reminder", offset="P1D", revision=1)
        for revision, objects in ((1, False), (2, True)):
            awaited = [Awaited("v", revision, frozenset({"P1D"}))]
            assert bool(check([], {"m": row}, self.NOW, awaited).violations) is objects

    def test_advice_is_said_once_though_by_two_mails(self) -> None:
        rows = {key: self.row("sent", kind="aftercare", subject="s", id=key) for key in ("m", "n")}
        took = [Entry(at, "sink", "took", {"message": key}) for at, key in enumerate(rows)]
        assert check(took, rows, self.NOW).violations == ["The aftercare about s was sent 2 times."]

    def test_what_nobody_knows_is_on_a_persons_list(self) -> None:
        assert self.judge(self.row("unknown", "Nobody knows.", is_listed=False))
