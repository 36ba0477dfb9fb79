"""What must have held, asked afterwards: of the journal, the rows as they ended, and what the mail server took."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tests.faults.journal import Entry

NOTICE_OF = {"book": "confirmation", "move": "changed", "cancel": "cancelled"}


@dataclass(frozen=True, slots=True)
class Row:
    """A message as the run left it."""

    id: str
    kind: str
    status: str
    reason: str
    patient: str
    """Whom it goes to; empty: a colleague, whatever the patient wishes that it is about."""
    visit: str
    revision: int
    due_at: datetime
    settled_at: datetime | None
    expires_at: datetime
    """From then on it is of no use."""
    offset: str = ""
    subject: str = ""
    """The key of what it is about."""
    plan: str = ""
    """Of a visit: the key of its course."""
    number: int = 0
    """Of the offer that it tells of."""
    is_listed: bool = True
    """A person sees it, on the list of whom to call; or it is of no more use, or a colleague's."""

    def __str__(self) -> str:
        return f"The {self.kind} {self.id} ({self.status})"


@dataclass(frozen=True, slots=True)
class Awaited:
    """A visit that is still to come, with the reminders that it should have by now."""

    visit: str
    revision: int
    reminders: frozenset[str]


@dataclass(slots=True)
class Verdict:
    """What a run came to. `violations`: each a sentence; none where every promise was kept."""

    faults: Counter[str] = field(default_factory=Counter)
    points: Counter[str] = field(default_factory=Counter)
    ops: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    once: int = 0
    twice: int = 0
    lost: int = 0
    begun_after: int = 0
    wrong: int = 0
    """Delivered, and recorded as if it had not been."""
    unplanned: int = 0
    """Acts of the desk whose mail was never planned."""
    violations: list[str] = field(default_factory=list)

    @property
    def kills(self) -> int:
        return sum(number for kind, number in self.faults.items() if kind.startswith("SIGKILL"))

    def __str__(self) -> str:
        faults = [f"| {kind} | {number:,} |" for kind, number in sorted(self.faults.items())]
        points = [f"| &nbsp;&nbsp;{point} | {number:,} |" for point, number in sorted(self.points.items())]
        at_points = next((at + 1 for at, line in enumerate(faults) if "at a point" in line), len(faults))
        ended = ", ".join(f"{number:,} {status}" for status, number in self.statuses.most_common())
        done = ", ".join(f"{number:,} {act}" for act, number in self.ops.most_common())
        figures = {
            "kills (SIGKILL)": self.kills,
            "messages": self.statuses.total(),
            "delivered once": self.once,
            "delivered twice": self.twice,
            "lost: neither delivered, nor failed, nor on a person’s list": self.lost,
            "unknown, on a person’s list": self.statuses["unknown"],
            "delivered, and recorded otherwise": self.wrong,
            "begun after what made it untrue or unwanted had committed": self.begun_after,
            "acts of the desk, or visits, without their mail": self.unplanned,
        }
        lines = ["| fault | times |", "|---|--:|", *faults[:at_points], *points, *faults[at_points:], ""]
        lines += ["| outcome | |", "|---|--:|", *(f"| {name} | {number:,} |" for name, number in figures.items()), ""]
        lines += [f"Acts of the desk: {done}.", f"How messages ended: {ended}."]
        return "\n".join(lines)


def check(journal: Sequence[Entry], rows: Mapping[str, Row], now: datetime, awaited: Sequence[Awaited] = ()) -> Verdict:
    """Judge a run that has come to rest. `rows` by key; `now` by the run's clock; `awaited` as the clinic left them."""
    verdict = Verdict()
    verdict.statuses.update(row.status for row in rows.values())
    for entry in journal:
        if entry.event == "fault":
            verdict.faults[entry.facts["kind"]] += 1
        elif entry.event == "killed":
            verdict.faults["SIGKILL of a worker at a point"] += 1
            verdict.points[entry.facts["point"]] += 1
        elif entry.event == "done":
            verdict.ops[entry.facts["act"]] += 1
    _delivered_at_most_once(verdict, Counter(_of(journal, "took")), rows)
    _none_lost(verdict, Counter(_of(journal, "took")), rows, now)
    _none_begun_in_vain(verdict, journal, rows)
    _all_planned(verdict, journal, rows)
    _all_reminded(verdict, awaited, rows)
    _nothing_said_again(verdict, rows)
    return verdict


def _of(journal: Iterable[Entry], event: str) -> list[str]:
    return [entry.facts["message"] for entry in journal if entry.event == event]


def _delivered_at_most_once(verdict: Verdict, taken: Counter[str], rows: Mapping[str, Row]) -> None:
    for message, number in taken.items():
        if message not in rows:
            verdict.violations.append(f"The mail server took {message}, which is no message.")
        elif number > 1:
            verdict.twice += 1
            verdict.violations.append(f"{rows[message]} was delivered {number} times.")
        else:
            verdict.once += 1


def _none_lost(verdict: Verdict, taken: Counter[str], rows: Mapping[str, Row], now: datetime) -> None:
    """Delivered is recorded as sent, or unknown until a person saw to it; sent was delivered; whatever was due is
    settled, with a reason."""
    for row in rows.values():
        if taken[row.id] and row.status not in ("sent", "unknown", "handled"):
            verdict.wrong += 1
            verdict.violations.append(f"{row} was delivered.")
        if row.status == "sent" and not taken[row.id]:
            verdict.lost += 1
            verdict.violations.append(f"{row} never reached the mail server.")
        if row.status == "sending" or (row.status == "pending" and row.due_at <= now):
            verdict.lost += 1
            verdict.violations.append(f"{row} is overdue, and nobody sees to it.")
        if row.status == "expired" and row.settled_at is not None and min(row.settled_at, row.expires_at) > now:
            verdict.lost += 1
            verdict.violations.append(f"{row} was closed by a clock that was wrong, and nobody opened it again.")
        if row.status in ("unknown", "failed") and not row.is_listed:
            verdict.lost += 1
            verdict.violations.append(f"{row} is on nobody's list.")
        if row.status not in ("sent", "pending", "sending") and not row.reason:
            verdict.lost += 1
            verdict.violations.append(f"{row} ended without a reason.")


def _none_begun_in_vain(verdict: Verdict, journal: Sequence[Entry], rows: Mapping[str, Row]) -> None:
    """No *sending* whose commit had not even been asked for when a cancellation, move or opt-out had committed."""
    changed: dict[str, list[tuple[int, int]]] = defaultdict(list)
    off: dict[str, list[tuple[int, bool]]] = defaultdict(list)
    over: dict[str, list[tuple[int, Sequence[str] | None]]] = defaultdict(list)
    declined: dict[str, list[tuple[int, int]]] = defaultdict(list)
    asked: dict[tuple[str, str], int] = {}
    for entry in journal:
        facts = entry.facts
        if entry.event == "begins":
            asked[entry.who, facts["message"]] = entry.at
        elif entry.event == "done" and facts["act"] in ("move", "cancel", "undo"):
            changed[facts["visit"]].append((entry.at, facts["revision"]))
        elif entry.event == "done" and facts["act"] == "opt out":
            off[facts["patient"]].append((entry.at, True))
        elif entry.event == "op" and facts["act"] == "opt in":
            off[facts["patient"]].append((entry.at, False))  # as soon as it is asked for, mail may be wanted
        elif entry.event == "done" and "ends" in facts:
            for key in facts["ends"]:
                over[key].append((entry.at, facts.get("kinds")))
        elif entry.event in ("op", "done") and "begins_again" in facts:
            for key in facts["begins_again"]:
                over[key].append((entry.at, ()))
        elif entry.event == "done" and facts["act"] == "decline":
            declined[facts["entry"]].append((entry.at, facts["number"]))
        elif entry.event == "begun":
            at, row = asked[entry.who, facts["message"]], rows[facts["message"]]
            is_replaced = any(then < at and row.revision < revision for then, revision in changed[row.visit])
            switches = [is_off for then, is_off in off[row.patient] if then < at]
            ended = [
                [kinds for then, kinds in over[key] if then < at][-1:] for key in (row.subject, row.plan) if key in over
            ]
            is_over = any(kinds is None or row.kind in kinds for last in ended for kinds in last)
            is_over |= any(then < at and row.number <= number for then, number in declined[row.subject])
            if is_replaced or is_over or (switches and switches[-1]):
                verdict.begun_after += 1
                verdict.violations.append(f"{row} was begun after it had become untrue or unwanted.")


def _all_planned(verdict: Verdict, journal: Iterable[Entry], rows: Mapping[str, Row]) -> None:
    planned = {(row.visit, row.revision, row.kind) for row in rows.values()}
    about = {row.subject for row in rows.values()}
    offered = {(row.subject, row.number) for row in rows.values()}
    alarms = {row.subject for row in rows.values() if row.kind == "escalation"}
    known: set[tuple[str, int]] = set()
    for entry in journal:
        if entry.event != "done":
            continue
        facts, lacking = entry.facts, []
        if facts["act"] in NOTICE_OF:
            visit, revision, kind = facts["visit"], facts["revision"], NOTICE_OF[facts["act"]]
            is_new = (visit, revision) not in known  # a move to where the visit is changes nothing
            known.add((visit, revision))
            if is_new and (visit, revision, kind) not in planned:
                lacking.append(f"The {kind} of revision {revision} of {visit}")
        lacking += [f"What {key} owes" for key in facts.get("owes", ()) if key not in about]
        lacking += [f"The alarm about {key}" for key in facts.get("alarms", ()) if key not in alarms]
        if facts["act"] == "offer" and (facts["entry"], facts["number"]) not in offered:
            lacking.append(f"The offer {facts['number']} to {facts['entry']}")
        verdict.unplanned += len(lacking)
        verdict.violations += [f"{what} was never planned." for what in lacking]


def _all_reminded(verdict: Verdict, awaited: Iterable[Awaited], rows: Mapping[str, Row]) -> None:
    """Each visit that is still to come, as it was moved, taken back or held, has the reminders of the policy."""
    reminders: dict[tuple[str, int], set[str]] = defaultdict(set)
    for row in rows.values():
        if row.kind == "reminder":
            reminders[row.visit, row.revision].add(row.offset)
    for visit in awaited:
        missing = visit.reminders - reminders[visit.visit, visit.revision]
        verdict.unplanned += len(missing)
        for offset in sorted(missing):
            verdict.violations.append(
                f"The reminder {offset} of revision {visit.revision} of {visit.visit} was never planned."
            )


def _nothing_said_again(verdict: Verdict, rows: Mapping[str, Row]) -> None:
    """Of a session one advice, and of a visit's revision one preparation, whatever policies were followed meanwhile."""
    begun = Counter(
        (row.kind, row.subject, row.revision)
        for row in rows.values()
        if row.kind in ("aftercare", "preparation") and row.status in ("sent", "unknown")
    )
    for (kind, subject, _), number in begun.items():
        if number > 1:
            verdict.twice += 1
            verdict.violations.append(f"The {kind} about {subject} was sent {number} times.")
