from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plans.messages.models import MessageKind
from plans.messages.policy import DEFAULTS, NOTICES, PlannedMail, Policy, Quiet, Timing
from plans.scheduling.models import VisitKind

NEW_YORK, MADRID = ZoneInfo("America/New_York"), ZoneInfo("Europe/Madrid")
MINUTE = timedelta(minutes=1)
DEFAULT_REMINDERS = [timing for timing in DEFAULTS if timing.kind == MessageKind.REMINDER]


def plan(
    starts_at: datetime,
    made_at: datetime,
    *,
    notice: MessageKind | None = MessageKind.CONFIRMATION,
    zone: ZoneInfo = NEW_YORK,
    visit: str = VisitKind.FOLLOW_UP,
    quiet: Quiet | None = None,
) -> list[PlannedMail]:
    return Policy(zone, MINUTE, visit, quiet=quiet).about_visit(notice, starts_at, made_at)


def at(zone: ZoneInfo, text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def test_the_default_policy_is_a_confirmation_and_reminders_7_days_1_day_and_3_hours_before() -> None:
    mails = plan(at(NEW_YORK, "2026-06-17 14:00"), at(NEW_YORK, "2026-06-01 09:00"))
    assert [(mail.kind, mail.offset) for mail in mails] == [
        ("confirmation", ""),
        ("reminder", "P7D"),
        ("reminder", "P1D"),
        ("reminder", "PT3H"),
    ]
    assert [mail.due_at for mail in mails] == [
        at(NEW_YORK, "2026-06-01 09:01"),
        at(NEW_YORK, "2026-06-10 10:00"),
        at(NEW_YORK, "2026-06-16 10:00"),
        at(NEW_YORK, "2026-06-17 11:00"),
    ]


def test_a_reminder_is_useful_until_the_next_one_and_the_last_until_the_visit() -> None:
    starts_at = at(NEW_YORK, "2026-06-17 14:00")
    confirmation, week, day, hours = plan(starts_at, at(NEW_YORK, "2026-06-01 09:00"))
    assert (week.expires_at, day.expires_at, hours.expires_at) == (day.due_at, hours.due_at, starts_at)
    assert confirmation.expires_at == starts_at


@pytest.mark.parametrize(
    ("zone", "starts", "day_before", "hours_before"),
    [
        # Spring: the clock skips an hour in the night before the visit.
        (NEW_YORK, "2026-03-08 13:00", "2026-03-07 10:00", "2026-03-08 10:00"),
        (MADRID, "2026-03-29 13:00", "2026-03-28 10:00", "2026-03-29 10:00"),
        # Autumn: an hour happens twice.
        (NEW_YORK, "2026-11-01 13:00", "2026-10-31 10:00", "2026-11-01 10:00"),
        (MADRID, "2026-10-25 13:00", "2026-10-24 10:00", "2026-10-25 10:00"),
    ],
)
def test_ten_o_clock_the_day_before_is_ten_o_clock_across_a_clock_change(
    zone: ZoneInfo, starts: str, day_before: str, hours_before: str
) -> None:
    mails = plan(at(zone, starts), at(zone, "2026-01-05 09:00"), zone=zone)
    assert [mail.due_at.astimezone(zone).strftime("%Y-%m-%d %H:%M") for mail in mails[2:]] == [day_before, hours_before]
    assert mails[1].due_at.astimezone(zone).time() == time(10)


def test_three_hours_before_are_elapsed_hours() -> None:
    starts_at = at(NEW_YORK, "2026-03-08 04:00")
    for due_at in (
        plan(starts_at, at(NEW_YORK, "2026-03-01 09:00"))[-1].due_at,
        Timing(hours_before=3).due_before(starts_at, NEW_YORK),
    ):
        assert starts_at.astimezone(UTC) - due_at.astimezone(UTC) == timedelta(hours=3)
        assert due_at.astimezone(NEW_YORK).time() == time(0)


def test_a_time_of_day_that_the_clock_skips_moves_forward() -> None:
    reminder = Timing(days_before=1, send_at=time(2, 30))
    assert reminder.due_before(at(NEW_YORK, "2026-03-09 09:00"), NEW_YORK) == at(NEW_YORK, "2026-03-08 03:30")


def test_a_visit_sooner_than_the_grace_period_is_confirmed_at_once() -> None:
    made_at = at(NEW_YORK, "2026-06-17 13:59:30")
    confirmation = plan(at(NEW_YORK, "2026-06-17 14:00"), made_at)[0]
    assert confirmation.due_at == made_at
    assert not confirmation.is_past(made_at)


def test_a_cancelled_visit_has_a_notice_and_no_reminders() -> None:
    starts_at, made_at = at(NEW_YORK, "2026-06-17 14:00"), at(NEW_YORK, "2026-06-01 09:00")
    (notice,) = plan(starts_at, made_at, notice=MessageKind.CANCELLED)
    assert (notice.kind, notice.due_at, notice.expires_at) == ("cancelled", made_at + MINUTE, starts_at)


def test_a_cancellation_just_before_the_visit_is_still_told() -> None:
    made_at = at(NEW_YORK, "2026-06-17 13:59:59")
    (notice,) = plan(at(NEW_YORK, "2026-06-17 14:00"), made_at, notice=MessageKind.CANCELLED)
    assert notice.expires_at == made_at + timedelta(hours=12)


def test_reminders_whose_time_is_past_are_told_apart() -> None:
    made_at = at(NEW_YORK, "2026-06-16 12:00")
    mails = plan(at(NEW_YORK, "2026-06-17 14:00"), made_at)
    assert [mail.is_past(made_at) for mail in mails] == [False, True, True, False]


def test_a_reminder_has_days_with_a_time_or_hours() -> None:
    for arguments in ({}, {"days_before": 1}, {"days_before": 1, "send_at": time(10), "hours_before": 3}):
        with pytest.raises(ValueError, match="days with a time of day, or hours"):
            Timing(**arguments)  # type: ignore[arg-type]


ZONES = ["America/New_York", "Europe/Madrid", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Sao_Paulo", "UTC"]
REMINDERS = st.one_of(
    st.builds(Timing, days_before=st.integers(1, 60), send_at=st.times().map(lambda t: t.replace(tzinfo=None))),
    st.builds(Timing, hours_before=st.integers(1, 200)),
)


@settings(deadline=None)
@given(
    zone=st.sampled_from(ZONES).map(ZoneInfo),
    starts_at=st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)),
    lead=st.timedeltas(timedelta(hours=-48), timedelta(days=90)),
    grace=st.integers(0, 180).map(lambda seconds: timedelta(seconds=seconds)),
    notice=st.sampled_from([None, MessageKind.CONFIRMATION, MessageKind.CHANGED, MessageKind.CANCELLED]),
    reminders=st.lists(REMINDERS, max_size=6, unique_by=lambda reminder: reminder.offset),
)
def test_every_planned_mail_is_due_before_it_expires_and_expires_by_the_visit(
    zone: ZoneInfo,
    starts_at: datetime,
    lead: timedelta,
    grace: timedelta,
    notice: MessageKind | None,
    reminders: list[Timing],
) -> None:
    made_at = starts_at - lead
    timings = [*(Timing(kind) for kind in NOTICES), *reminders]
    mails = Policy(zone, grace, VisitKind.FOLLOW_UP, timings).about_visit(notice, starts_at, made_at)
    notices = [mail for mail in mails if mail.kind != MessageKind.REMINDER]
    planned_reminders = [mail for mail in mails if mail.kind == MessageKind.REMINDER]
    assert [mail.kind for mail in notices] == ([] if notice is None else [notice])
    assert len({(mail.kind, mail.offset) for mail in mails}) == len(mails), "each mail once"
    assert {mail.offset for mail in planned_reminders} == (
        set() if notice == MessageKind.CANCELLED else {reminder.offset for reminder in reminders}
    )
    for mail in planned_reminders:
        assert mail.due_at <= mail.expires_at <= starts_at
        wanted = next(reminder for reminder in reminders if reminder.offset == mail.offset)
        if wanted.send_at is not None:
            local = mail.due_at.astimezone(zone)
            asked = datetime.combine(local.date(), wanted.send_at.replace(fold=0), zone)
            exists = asked.astimezone(UTC).astimezone(zone)
            assert local.time() in (wanted.send_at, exists.time())
            assert starts_at.astimezone(zone).date() - local.date() == timedelta(days=wanted.days_before or 0)
    for mail in notices:
        assert made_at <= mail.due_at <= made_at + grace
        if not mail.is_past(made_at):
            assert mail.due_at < mail.expires_at
    if notice == MessageKind.CANCELLED:
        assert not notices[0].is_past(made_at), "a cancellation is always told"


def test_the_default_reminders_are_7_days_1_day_and_3_hours_before() -> None:
    assert [reminder.offset for reminder in DEFAULT_REMINDERS] == ["P7D", "P1D", "PT3H"]
    assert date(2026, 6, 10) == DEFAULT_REMINDERS[0].due_before(at(NEW_YORK, "2026-06-17 14:00"), NEW_YORK).date()


def test_how_to_prepare_for_a_session_comes_a_week_before_or_after_the_confirmation() -> None:
    starts_at = at(NEW_YORK, "2026-06-17 14:00")

    def prepared(made_at: datetime) -> datetime:
        mails = plan(starts_at, made_at, visit=VisitKind.SESSION)
        (mail,) = [mail for mail in mails if mail.kind == MessageKind.PREPARATION]
        assert (mail.offset, mail.expires_at, mail.is_past(made_at)) == ("P7D", starts_at, False)
        return mail.due_at

    assert prepared(at(NEW_YORK, "2026-06-01 09:00")) == at(NEW_YORK, "2026-06-10 10:00")
    assert prepared(at(NEW_YORK, "2026-06-16 09:00")) == at(NEW_YORK, "2026-06-16 09:01")
    assert not [mail for mail in plan(starts_at, starts_at, visit=VisitKind.FOLLOW_UP) if mail.kind == "preparation"]


class TestQuietHours:
    NIGHT = Quiet(time(21), time(8))

    def due(self, starts: str, hours_before: int) -> str:
        policy = Policy(NEW_YORK, MINUTE, VisitKind.FOLLOW_UP, [Timing(hours_before=hours_before)], self.NIGHT)
        (mail,) = policy.before_visit(at(NEW_YORK, starts), at(NEW_YORK, "2026-03-01 09:00"))
        return mail.due_at.astimezone(NEW_YORK).strftime("%d %H:%M")

    def test_what_falls_into_them_comes_when_they_end(self) -> None:
        assert self.due("2026-06-17 14:00", 8) == "17 08:00"
        assert self.due("2026-06-17 14:00", 12) == "17 08:00"

    def test_it_comes_the_evening_before_where_their_end_is_too_near_the_visit(self) -> None:
        assert self.due("2026-06-17 08:30", 3) == "16 20:59"

    def test_their_first_minute_is_quiet_and_their_last_is_not(self) -> None:
        assert self.due("2026-06-17 23:00", 2) == "17 20:59"
        assert self.due("2026-06-17 22:59", 2) == "17 20:59"
        assert self.due("2026-06-17 11:00", 3) == "17 08:00"

    def test_notices_know_none(self) -> None:
        made_at = at(NEW_YORK, "2026-06-01 23:00")
        assert plan(at(NEW_YORK, "2026-06-17 14:00"), made_at, quiet=self.NIGHT)[0].due_at == made_at + MINUTE

    @pytest.mark.parametrize(
        ("starts", "made", "due"),
        [
            ("2026-06-17 14:00", "2026-06-16 22:30", "17 08:00"),
            ("2026-06-17 09:00", "2026-06-16 22:30", "17 08:00"),
            ("2026-06-17 08:30", "2026-06-16 22:30", "16 22:31"),
            ("2026-06-17 14:00", "2026-06-17 12:00", "17 12:01"),
        ],
    )
    def test_what_is_late_already_waits_for_their_end_where_that_leaves_time(
        self, starts: str, made: str, due: str
    ) -> None:
        """How to prepare for a session booked at night, and an offer made at night."""
        starts_at, made_at = at(NEW_YORK, starts), at(NEW_YORK, made)
        policy = Policy(NEW_YORK, MINUTE, VisitKind.SESSION, quiet=self.NIGHT)
        (prepared,) = [m for m in policy.before_visit(starts_at, made_at) if m.kind == MessageKind.PREPARATION]
        (offer,) = policy.offer(starts_at, made_at)
        for mail in (prepared, offer):
            assert mail.due_at.astimezone(NEW_YORK).strftime("%d %H:%M") == due

    def test_two_reminders_moved_to_one_moment_are_one(self) -> None:
        timings = [Timing(hours_before=10), Timing(hours_before=11)]
        policy = Policy(NEW_YORK, MINUTE, VisitKind.FOLLOW_UP, timings, self.NIGHT)
        first, second = policy.before_visit(at(NEW_YORK, "2026-06-17 15:00"), at(NEW_YORK, "2026-06-01 09:00"))
        assert first.due_at == second.due_at
        assert first.is_past(first.due_at)
        assert second.expires_at == at(NEW_YORK, "2026-06-17 15:00")

    @pytest.mark.parametrize("starts", ["2026-03-08 09:30", "2026-11-01 09:30"])
    def test_they_follow_the_clock_over_its_change(self, starts: str) -> None:
        assert self.due(starts, 2) == starts[8:10] + " 08:00"


class TestAfterASession:
    POLICY = Policy(NEW_YORK, MINUTE, VisitKind.SESSION)

    def test_advice_comes_an_hour_later(self) -> None:
        (mail,) = self.POLICY.after_session(given := at(NEW_YORK, "2026-06-17 14:00"), given)
        assert (mail.kind, mail.offset, mail.due_at) == ("aftercare", "PT1H", at(NEW_YORK, "2026-06-17 15:00"))
        assert mail.expires_at - mail.due_at == timedelta(days=7)

    def test_questions_come_at_ten_on_their_day_and_are_of_use_until_the_day_after_the_window(self) -> None:
        (mail,) = self.POLICY.check_in(date(2026, 6, 20), date(2026, 6, 21), at(NEW_YORK, "2026-06-17 14:00"))
        assert (mail.kind, mail.due_at) == ("check_in", at(NEW_YORK, "2026-06-20 10:00"))
        assert mail.expires_at == at(NEW_YORK, "2026-06-23 00:00")

    def test_questions_whose_time_is_past_come_at_once(self) -> None:
        made_at = at(NEW_YORK, "2026-06-20 12:30")
        (mail,) = self.POLICY.check_in(date(2026, 6, 20), date(2026, 6, 20), made_at)
        assert mail.due_at == made_at
        assert not mail.is_past(made_at)

    def test_a_nudge_about_what_is_overdue_comes_at_the_next_ten_o_clock(self) -> None:
        for made_at, due_at in (("2026-06-17 00:05", "2026-06-17 10:00"), ("2026-06-17 10:01", "2026-06-18 10:00")):
            (mail,) = self.POLICY.overdue(at(NEW_YORK, made_at))
            assert (mail.kind, mail.due_at) == ("overdue", at(NEW_YORK, due_at))
