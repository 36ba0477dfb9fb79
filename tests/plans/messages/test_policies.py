"""What a location sends and when: set on one page, previewed before it is saved, followed by what is planned."""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine

from clinic.access.roles import Role
from clinic.errors import Invalid
from plans.messages.models import POLICY_KINDS, MessageKind, MessagePolicy, PatientMessage
from plans.messages.outlook import outlook
from plans.messages.policies import message_policies_set
from plans.messages.policy import Policy, Quiet, Timing
from plans.messages.sweep import reconcile
from plans.scheduling.models import VisitKind
from tests import factories
from tests.console import House, said, words
from tests.plans.messages.conftest import Clinic, rows

PAGE = "/admin/plans/messagepolicy/"
NEW_YORK = ZoneInfo("America/New_York")
REMINDER = MessageKind.REMINDER
MANAGER, DESK = Role.MANAGER, Role.FRONT_DESK


def due(clinic: Clinic) -> list[tuple[str, str, str]]:
    found = PatientMessage.objects.filter(kind__in=["reminder", "preparation"]).order_by("due_at")
    zone = clinic.location.zone
    return [(row.offset, f"{row.due_at.astimezone(zone):%d %b %H:%M}", row.status) for row in found]


class TestOutlook:
    def lines(self, starts_at: datetime, booked: datetime, **fields: object) -> list[tuple[str, str, str]]:
        policy = Policy(NEW_YORK, timedelta(seconds=60), fields.pop("visit", "session"), **fields)  # type: ignore[arg-type]
        return [
            (line.title, f"{line.due_at.astimezone(NEW_YORK):%a %d %b %H:%M %Z}" if line.due_at else "", line.note)
            for line in outlook(policy, starts_at, 30, booked)
        ]

    @pytest.mark.parametrize(
        ("starts", "before"),
        [
            (datetime(2026, 3, 9, 10, tzinfo=NEW_YORK), "Sun 08 Mar 03:30 EDT"),  # 02:30 is skipped
            (datetime(2026, 11, 2, 10, tzinfo=NEW_YORK), "Sun 01 Nov 02:30 EST"),
        ],
        ids=["spring", "autumn"],
    )
    def test_times_are_those_of_the_wall_on_both_days_when_clocks_change(self, starts: datetime, before: str) -> None:
        timings = [Timing(days_before=1, send_at=time(2, 30)), Timing(hours_before=48)]
        found = self.lines(starts, starts - timedelta(days=20), timings=timings, visit="consultation")
        assert found[1][:2] == ("Reminder, 1 day before", before)

    def test_what_falls_into_quiet_hours_is_shown_as_moved_and_what_is_past_as_not_sent(self) -> None:
        starts = datetime(2026, 3, 18, 9, tzinfo=NEW_YORK)
        found = self.lines(starts, starts - timedelta(days=2), quiet=Quiet(time(21), time(9, 30)))
        notes = {title: (at, note) for title, at, note in found}
        assert notes["Reminder, 7 days before"][1] == "Not sent: its time is past when the visit is booked."
        assert notes["Reminder, 3 hours before"] == (
            "Tue 17 Mar 20:59 EDT",
            "Moved from 06:00: 21:00 to 09:30 are quiet hours.",
        )
        assert notes["Check-in, day 3"][0] == "Sat 21 Mar 10:00 EDT"
        assert notes["Aftercare, 1 hour after"][0] == "Wed 18 Mar 10:30 EDT"

    def test_a_follow_up_that_nobody_books_is_asked_for_on_the_day_after(self) -> None:
        starts = datetime(2026, 3, 18, 9, tzinfo=NEW_YORK)
        found = self.lines(starts, starts - timedelta(days=20), visit="follow_up")
        assert ("Nobody books it until Wed 18 Mar", "Thu 19 Mar 10:00 EDT", "") in found


@pytest.mark.django_db
class TestSetting:
    def choose(
        self, clinic: Clinic, *timings: Timing | None, visit_kind: str = "", kind: MessageKind = REMINDER
    ) -> None:
        choice = None if timings == (None,) else [timing for timing in timings if timing is not None]
        message_policies_set(location_id=clinic.location.pk, visit_kind=visit_kind, choices={kind: choice})

    def test_own_times_never_and_back_to_the_standard(self, clinic: Clinic) -> None:
        self.choose(clinic, Timing(days_before=2, send_at=time(18)), Timing(hours_before=5))
        assert [row.offset for row in rows(clinic.book("09:00"), kind="reminder")] == ["P2D", "PT5H"]
        self.choose(clinic)
        assert rows(clinic.book("10:00"), kind="reminder") == []
        self.choose(clinic, None)
        assert len(rows(clinic.book("11:00"), kind="reminder")) == 3
        assert not MessagePolicy.objects.exists()

    def test_one_kind_of_visit_can_have_what_is_off_for_every_other(self, clinic: Clinic) -> None:
        self.choose(clinic, kind=MessageKind.CONFIRMATION)
        assert rows(clinic.book("09:00"), kind="confirmation") == []
        on = Timing(MessageKind.CONFIRMATION)
        self.choose(clinic, on, kind=MessageKind.CONFIRMATION, visit_kind=VisitKind.CONSULTATION)
        assert len(rows(clinic.book("10:00"), kind="confirmation")) == 1

    def test_what_cannot_be_is_said_in_words_and_nothing_changes(self, clinic: Clinic) -> None:
        twice = [Timing(days_before=1, send_at=time(9)), Timing(days_before=1, send_at=time(10))]
        with pytest.raises(Invalid, match="Two of them"):
            self.choose(clinic, *twice)
        with pytest.raises(Invalid, match="61 days before is not possible; allowed is 1 to 60"):
            self.choose(clinic, Timing(days_before=61, send_at=time(9)))
        assert not MessagePolicy.objects.exists()


@pytest.mark.django_db
class TestWhatIsPlannedFollows:
    def choose(self, clinic: Clinic, *timings: Timing) -> None:
        reconcile()  # from here on the history is read
        message_policies_set(location_id=clinic.location.pk, visit_kind="", choices={REMINDER: timings or None})

    def test_it_moves_is_dropped_is_planned_and_comes_back(self, clinic: Clinic) -> None:
        clinic.book()
        self.choose(clinic, Timing(days_before=1, send_at=time(18)), Timing(hours_before=5))
        reconcile()
        assert due(clinic) == [
            ("P7D", "11 Mar 10:00", "cancelled"),
            ("P1D", "17 Mar 18:00", "pending"),
            ("PT5H", "18 Mar 05:00", "pending"),
            ("PT3H", "18 Mar 07:00", "cancelled"),
        ]
        assert PatientMessage.objects.get(offset="P7D").status_reason == "The location does not send it any more."
        self.choose(clinic)
        reconcile()
        assert due(clinic) == [
            ("P7D", "11 Mar 10:00", "pending"),
            ("P1D", "17 Mar 10:00", "pending"),
            ("PT5H", "18 Mar 05:00", "cancelled"),
            ("PT3H", "18 Mar 07:00", "pending"),
        ]

    def test_what_would_have_left_before_now_is_not_sent_late(
        self, clinic: Clinic, frozen: time_machine.Traveller
    ) -> None:
        clinic.book()
        frozen.move_to(clinic.at("12:00", date(2026, 3, 11)) - timedelta(hours=3))
        self.choose(clinic, Timing(days_before=7, send_at=time(8)))
        reconcile()
        assert due(clinic)[0] == ("P7D", "11 Mar 08:00", "expired")

    def test_what_has_begun_or_is_about_to_stays(self, clinic: Clinic) -> None:
        clinic.book()
        now = datetime.now(UTC)
        sent = PatientMessage.objects.filter(offset="P7D")
        sent.update(status="sent", sending_at=now, settled_at=now)
        self.choose(clinic, Timing(hours_before=5))
        reconcile()
        assert sent.get().status == "sent"

    def test_quiet_hours_move_it_too(self, clinic: Clinic) -> None:
        clinic.book()
        reconcile()
        clinic.location.quiet_from, clinic.location.quiet_until = time(20), time(11)
        clinic.location.save()
        reconcile()
        assert due(clinic)[0] == ("P7D", "11 Mar 11:00", "pending")


class TestThePage:
    @pytest.fixture
    def house(self, db: None, frozen: time_machine.Traveller) -> House:
        return House()

    def form(self, **fields: object) -> dict[str, object]:
        return {
            **{f"{kind.value}-mode": "standard" for kind in POLICY_KINDS},
            "reminder-mode": "own",
            "reminder-amount": ["2", "4"],
            "reminder-unit": ["days", "hours"],
            "reminder-at": ["18:00", "10:00"],
            "op": "save",
            **fields,
        }

    def test_it_reads_as_sentences_and_says_what_a_booking_would_send(self, house: House) -> None:
        page = words(house.get(MANAGER, f"{PAGE}?for=session&day=2026-03-18&time=09:00"))
        assert "7 days before at 10:00, 1 day before at 10:00, 3 hours before" in page
        assert 'Wed 11 Mar 10:00 EDT</span><span class="c-strong">Reminder, 7 days before' in page
        assert "Check-in, day 7" in page
        assert "Times in New York." in page

    def test_the_draft_is_previewed_and_not_saved(self, house: House) -> None:
        draft = self.form(op="preview", day="2026-03-18", time="09:00", **{"for": "consultation"})
        page = words(house.post(MANAGER, PAGE, **draft))
        assert "Mon 16 Mar 18:00 EDT" in page
        assert "Reminder, 4 hours before" in page
        assert not MessagePolicy.objects.exists()

    def test_it_is_saved_and_shown_again(self, house: House) -> None:
        response = house.post(MANAGER, PAGE, **self.form(**{"offer-mode": "off"}))
        assert response.status_code == 303
        assert "follow within two minutes" in said(response)[0]
        assert {str(row) for row in MessagePolicy.objects.all()} == {
            "Reminder, 2 days before at 18:00",
            "Reminder, 4 hours before",
            "Offer",
        }
        page = words(house.get(MANAGER, response["Location"]))
        assert 'name="reminder-amount" value="2"' in page
        everything = self.form(**{"reminder-mode": "standard"})
        house.post(MANAGER, PAGE, **everything)
        assert not MessagePolicy.objects.exists()

    def as_opened(self, house: House) -> dict[str, object]:
        """What the page posts where nobody touches it."""
        page = words(house.get(MANAGER, PAGE))
        seen = dict(re.findall(r'name="([a-z_]+)-seen" value="([^"]*)"', page))
        assert len(seen) == 9
        modes = {f"{kind}-mode": stamp.partition("|")[0] for kind, stamp in seen.items()}
        return {**{f"{kind}-seen": stamp for kind, stamp in seen.items()}, **modes, "op": "save"}

    def test_who_saves_second_undoes_nothing_of_who_saved_first(self, house: House) -> None:
        both = self.as_opened(house)
        assert (
            house.post(
                MANAGER, PAGE, **{**self.form(), **both, "reminder-mode": "own", "offer-mode": "off"}
            ).status_code
            == 303
        )
        mine = {**both, "aftercare-mode": "own", "aftercare-amount": "5", "offer-mode": "own"}
        refused = house.post(MANAGER, PAGE, **mine)
        page = words(refused)
        assert refused.status_code == 409
        assert "Somebody has changed this since you opened it: Offer, Reminder." in page
        assert "Meanwhile set to: not sent" in page, "both changed the offer"
        assert 'name="offer-mode" value="own" checked' in page, "what was typed stays"
        assert 'name="aftercare-amount" value="5"' in page
        assert 'name="reminder-amount" value="2"' in page, "what was not touched is what stands now"
        assert not MessagePolicy.objects.filter(kind="aftercare").exists()
        again = {f"{kind}-seen": stamp for kind, stamp in re.findall(r'name="([a-z_]+)-seen" value="([^"]*)"', page)}
        assert house.post(MANAGER, PAGE, **{**self.form(), **mine, **again, "reminder-mode": "own"}).status_code == 303
        assert {str(row) for row in MessagePolicy.objects.all()} == {
            "Reminder, 2 days before at 18:00",
            "Reminder, 4 hours before",
            "Aftercare, 5 hours after",
            "Offer",
        }

    @pytest.mark.parametrize(
        ("fields", "fault"),
        [
            ({}, "Reminder: choose one of standard, own, off."),
            ({"reminder-mode": "zzz"}, "Reminder: choose one of standard, own, off."),
            ({"reminder-unit": ["weeks", "hours"]}, "Line 1: “weeks” is not days or hours."),
        ],
        ids=["nothing", "no such choice", "no such unit"],
    )
    def test_what_a_form_does_not_say_is_no_choice(self, house: House, fields: dict[str, object], fault: str) -> None:
        house.post(MANAGER, PAGE, **self.form())
        before = {str(row) for row in MessagePolicy.objects.all()}
        posted = {**self.form(), **self.as_opened(house), **fields} if fields else {"op": "save"}
        response = house.post(MANAGER, PAGE, **posted)
        assert response.status_code == 200
        assert fault in words(response)
        assert {str(row) for row in MessagePolicy.objects.all()} == before

    def test_lines_are_added_and_removed_before_anything_is_saved(self, house: House) -> None:
        page = words(house.post(MANAGER, PAGE, **self.form(op="add:reminder")))
        assert page.count('name="reminder-amount"') == 3
        page = words(house.post(MANAGER, PAGE, **self.form(op="drop:reminder:0")))
        assert page.count('name="reminder-amount"') == 1
        assert 'name="reminder-amount" value="4"' in page
        assert not MessagePolicy.objects.exists()

    @pytest.mark.parametrize(
        ("fields", "fault"),
        [
            ({"reminder-amount": ["x", "4"]}, "Line 1: “x” is not a whole number of days before the visit."),
            ({"reminder-at": ["25:00", ""]}, "Line 1: “25:00” is not a time of day, such as 10:00."),
            ({"reminder-amount": ["0", "4"]}, "0 days before is not possible; allowed is 1 to 60."),
            ({"reminder-amount": [], "reminder-unit": [], "reminder-at": []}, "Add a line, or choose Off."),
            ({"check_in-mode": "own", "check_in-at": [""]}, "Give a time of day, such as 10:00."),
            ({"aftercare-mode": "own", "aftercare-amount": ["999"]}, "999 hours after is not possible"),
        ],
    )
    def test_what_cannot_be_is_said_beside_it_and_nothing_changes(
        self, house: House, fields: dict[str, object], fault: str
    ) -> None:
        response = house.post(MANAGER, PAGE, **self.form(**fields))
        assert response.status_code == 200
        assert fault in words(response)
        assert not MessagePolicy.objects.exists()

    def test_a_day_that_cannot_be_is_said_in_the_preview(self, house: House) -> None:
        for day, at, fault in (
            ("soon", "09:00", "Give a day."),
            ("2026-03-08", "02:30", "the clock skips it"),
            ("2020-03-08", "09:00", "The visit is to come"),
        ):
            assert fault in words(house.get(MANAGER, f"{PAGE}?day={day}&time={at}"))

    def test_others_read_it_and_change_nothing(self, house: House) -> None:
        page = words(house.get(DESK, PAGE))
        assert "7 days before at 10:00" in page
        assert ">Save<" not in page
        assert house.post(DESK, PAGE, **self.form()).status_code == 403
        elsewhere = factories.make_location("Elsewhere")
        assert "Elsewhere" not in words(house.get(MANAGER, f"{PAGE}?location={elsewhere.pk}"))
        for query in (f"location={elsewhere.pk}", "location=7", "visits=walk"):
            assert house.post(MANAGER, f"{PAGE}?{query}", **self.form()).status_code == 404
        assert not MessagePolicy.objects.exists()
