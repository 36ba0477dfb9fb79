"""The twelve courses, relative to the day on which they are seeded. Every name is fictional."""

from datetime import date, timedelta
from decimal import Decimal

from clinic import clock
from clinic.people.models import Modality
from patients.queries import documents_in_force
from patients.services import consent_give
from plans.consultations.services import CauseInput
from plans.demo.case import Case
from plans.demo.house import House
from plans.demo.replay import Course, at
from plans.followups.services import attempt_record, follow_up_create
from plans.protocols.models import Protocol
from plans.treatment.services import plan_hold, plan_resume, plan_revise, session_abort, session_sign, session_start

GENETIC = (CauseInput("L64.9", "genetic", is_primary=True),)


def alderson(house: House, today: date) -> Course:
    """PRP 3 × 28 days complete; reviews at 3 and 6 months kept, the year's review still to come."""
    case = Case(house, today, "Demo", "Alderson", "male", 34, "09:00", house.rowan, "+1 212 555 0101")
    yield (
        case.at(-230),
        lambda: case.consulted(
            causes=GENETIC, scale="norwood_hamilton", value="III-vertex", goals="Keep the crown from thinning further."
        ),
    )
    yield case.at(-230, "09:50"), lambda: case.planned("prp", case.day(-216))
    yield from case.booked_and_performed(1, -216)
    yield from case.booked_and_performed(2, -187)
    yield from case.booked_and_performed(3, -159)
    yield from case.booked_and_attended("3-month", -124)
    yield from case.booked_and_attended("6-month", -33)


def birchwood(house: House, today: date) -> Course:
    """Microneedling and PRP × 4 in linked components; the last session is booked."""
    case = Case(house, today, "Sample", "Birchwood", "female", 46, "10:15", house.rowan, "+1 212 555 0102")
    causes = (CauseInput("L64.9", "hormonal", is_primary=True), CauseInput("N95.1", "age", is_primary=False))
    yield (
        case.at(-80),
        lambda: case.consulted(causes=causes, scale="ludwig", value="II", goals="A parting that does not show."),
    )
    yield case.at(-80, "11:05"), lambda: case.planned("prp-microneedling", case.day(-66))
    yield from case.booked_and_performed(1, -66)
    yield from case.booked_and_performed(2, -38)
    yield from case.booked_and_performed(3, -10, ahead=8)
    yield case.at(-2, "09:20"), lambda: case.booked(case.at(18), session=case.session(4))


def cedarman(house: House, today: date) -> Course:
    """82 platelets: no candidate for PRP, referred."""
    case = Case(house, today, "Test", "Cedarman", "male", 51, "11:30", house.rowan, "+1 212 555 0103")
    yield (
        case.at(-15),
        lambda: case.consulted(
            causes=GENETIC,
            scale="norwood_hamilton",
            value="V",
            goals="Wanted PRP.",
            candidacy="not_candidate",
            notes="Platelets 82 ×10³/µL: PRP is not possible. Referred to haematology.",
            findings={"platelet-count": Decimal(82)},
        ),
    )


def dogwood(house: House, today: date) -> Course:
    """Telogen effluvium after stress: watch and wait; the 3-month review is overdue, two calls without an answer."""
    case = Case(house, today, "Mock", "Dogwood", "female", 29, "13:00", house.rowan, "+1 212 555 0141")
    yield (
        case.at(-117),
        lambda: case.consulted(
            causes=(CauseInput("L65.0", "stress", is_primary=True),),
            scale="pull_test",
            value="9/55",
            goals="Understand what is happening.",
            candidacy="deferred",
            notes="Watch and wait; review after three months.",
        ),
    )

    def owe_review() -> None:
        follow_up_create(
            consultation=case.consultation,
            title="3-month review",
            window_start=case.today - timedelta(days=40),
            target_date=case.today - timedelta(days=26),
            window_end=case.today - timedelta(days=12),
        )

    def no_answer() -> None:
        attempt_record(follow_up_id=case.follow_up("3-month").pk, by=house.desk, channel="call", outcome="no_answer")

    yield case.at(-117, "13:40"), owe_review
    yield case.at(-9), no_answer
    yield case.at(-4), no_answer


def elmsworth(house: House, today: date) -> Course:
    """Exosomes and microneedling under a fictional study number; the second session is today, the third is pinned."""
    case = Case(house, today, "Placeholder", "Elmsworth", "male", 42, "14:00", house.rowan, "+1 212 555 0105")
    yield (
        case.at(-48),
        lambda: case.consulted(
            causes=GENETIC,
            scale="norwood_hamilton",
            value="IV",
            goals="Try what is in study.",
            notes="Knows the status.",
        ),
    )
    yield case.at(-48, "14:50"), lambda: case.planned("exosome-microneedling", case.day(-28))
    yield from case.booked_and_performed(1, -28, deviations="Vial of lot EXO-DEMO-0417.")
    yield case.at(-5, "09:40"), lambda: case.booked(case.at(0), session=case.session(2))
    yield case.at(-5, "09:45"), lambda: case.pinned(3, case.day(35), "Abroad until then.")


def firley(house: House, today: date) -> Course:
    """The same lot; fever and pus on day 3: the plan is on hold, and the visit booked for the next session with it."""
    case = Case(house, today, "Fixture", "Firley", "female", 38, "15:30", house.rowan, "+1 212 555 0106")
    yield (
        case.at(-30),
        lambda: case.consulted(
            causes=(CauseInput("L64.9", "genetic", is_primary=True),), scale="ludwig", value="I", goals="More volume."
        ),
    )
    yield case.at(-30, "16:20"), lambda: case.planned("exosome-microneedling", case.day(-6))
    yield from case.booked_and_performed(1, -6, pain=4, deviations="Vial of lot EXO-DEMO-0417.")
    yield case.at(-5, "16:40"), lambda: case.booked(case.at(22), session=case.session(2))
    third_day = at(case.day(-6) + timedelta(days=3), "17:10", house.location.zone)
    yield third_day, lambda: case.answered(1, 3, "Fever 38.4 °C since last night, and pus.")
    yield (
        third_day + timedelta(minutes=20),
        lambda: plan_hold(plan_id=case.plan.pk, reason="Day 3: fever 38.4 °C and pus; seen the same day."),
    )


def ginkgo(house: House, today: date) -> Course:
    """Two sessions at 09:00 on both sides of the end of summer time: 28 local days, 673 hours."""
    case = Case(house, today, "Example", "Ginkgo", "male", 40, "09:00", house.marlow, "+1 212 555 0107")
    zone = house.location.zone
    clocks_back = _first_sunday_of_november(today.year)
    if clocks_back + timedelta(days=4) > today:
        clocks_back = _first_sunday_of_november(today.year - 1)
    first, second = clocks_back - timedelta(days=25), clocks_back + timedelta(days=3)
    yield (
        at(first - timedelta(days=14), "09:00", zone),
        lambda: case.consulted(causes=GENETIC, scale="norwood_hamilton", value="III", goals="Keep the hairline."),
    )
    yield at(first - timedelta(days=14), "10:00", zone), lambda: case.planned("prp", first)
    yield from case.booked_and_performed_on(1, first)
    yield from case.booked_and_performed_on(2, second)


def hazelby(house: House, today: date) -> Course:
    """Iliac marrow harvest, 60 mL; soreness on day 7; wants it again sooner than the interval allows."""
    case = Case(house, today, "Synthetic", "Hazelby", "male", 48, "11:00", house.marlow, "+1 212 555 0108")
    yield (
        case.at(-45),
        lambda: case.consulted(
            causes=GENETIC, scale="norwood_hamilton", value="IV", goals="Density at the front, without surgery."
        ),
    )
    yield case.at(-45, "12:00"), lambda: case.planned("bone-marrow", case.day(-12))
    yield from case.booked_and_performed(1, -12, pain=5)
    yield case.at(-5, "11:10"), lambda: case.answered(1, 7, "Sore over the left hip, better every day.")
    yield case.at(-2, "11:20"), lambda: case.booked(case.at(79), follow_up=case.follow_up("3-month"))
    yield case.at(-2, "11:25"), lambda: case.pinned(2, case.day(300), "Asks for it before a long journey.")


def ivyton(house: House, today: date) -> Course:
    """Abdominal SVF of 64 % viability: not released, the session aborted and owed again."""
    case = Case(house, today, "Dummy", "Ivyton", "female", 55, "13:00", house.marlow, "+1 212 555 0109")
    yield (
        case.at(-35),
        lambda: case.consulted(
            causes=(CauseInput("L64.9", "age", is_primary=True),),
            scale="sinclair",
            value="3",
            goals="Fuller at the top.",
        ),
    )
    yield case.at(-35, "14:00"), lambda: case.planned("adipose-svf", case.day(-8))
    when = case.at(-8)
    yield case.at(-20, "15:00"), lambda: case.booked(when, session=case.session(1))
    yield when + timedelta(minutes=5), lambda: _abort(case)


def _abort(case: Case) -> None:
    session = case.session(1)
    session_start(session_id=session.pk, by=case.practitioner.user)
    session_abort(
        session_id=session.pk,
        by=case.practitioner.user,
        reason="60 mL taken from the abdomen; viability 64 %, the product was not released. Nothing was given.",
    )
    session_sign(session_id=session.pk, by=case.practitioner.user)


def juniper(house: House, today: date) -> Course:
    """PRP × 2, folliculitis of grade 2, a hold, then revised to PRP with microneedling."""
    case = Case(house, today, "Sandbox", "Juniper", "male", 31, "15:00", house.marlow, "+1 212 555 0110")
    yield (
        case.at(-110),
        lambda: case.consulted(causes=GENETIC, scale="norwood_hamilton", value="IIIa", goals="Slow it down."),
    )
    yield case.at(-110, "16:00"), lambda: case.planned("prp", case.day(-96))
    yield from case.booked_and_performed(1, -96)
    yield from case.booked_and_performed(2, -68)
    yield (
        case.at(-63),
        lambda: plan_hold(plan_id=case.plan.pk, reason="Folliculitis of grade 2, treated; wait until it has healed."),
    )

    def revised() -> None:
        plan_revise(
            plan_id=case.plan.pk,
            by=case.practitioner.user,
            reason="Healed. Goes on with PRP and microneedling.",
            protocol=Protocol.objects.get(code="prp-microneedling", is_current=True),
        )
        plan_resume(plan_id=case.plan.pk)
        consent_give(
            patient=case.patient,
            document=documents_in_force().get(modality=Modality.MICRONEEDLING),
            signed_name=case.patient.full_name,
            signed_on=clock.today(house.location.zone),
            by=case.practitioner.user,
        )

    yield case.at(-14), revised


def kapok(house: House, today: date) -> Course:
    """Wants no email: reminders are suppressed, and somebody calls. A visit today."""
    case = Case(
        house,
        today,
        "Faux",
        "Kapok",
        "female",
        44,
        "16:30",
        house.marlow,
        "+1 212 555 0111",
        contact={"email_opt_out": True},
    )
    yield (
        case.at(-28),
        lambda: case.consulted(
            causes=(CauseInput("L64.9", "hormonal", is_primary=True),),
            scale="savin",
            value="I-4 frontal",
            goals="Volume.",
        ),
    )
    yield case.at(-28, "17:20"), lambda: case.planned("microneedling", case.day(-14))
    yield from case.booked_and_performed(1, -14)
    yield case.at(-3, "12:30"), lambda: case.booked(case.at(0), session=case.session(2))


def larchmont(house: House, today: date) -> Course:
    """Did not come to the 3-month review, twice: missed."""
    case = Case(house, today, "Trial", "Larchmont", "male", 27, "08:00", house.marlow, "+1 212 555 0112")
    yield (
        case.at(-165),
        lambda: case.consulted(causes=GENETIC, scale="norwood_hamilton", value="II", goals="Not sure yet."),
    )
    yield case.at(-165, "08:40"), lambda: case.planned("prp", case.day(-150))
    yield from case.booked_and_performed(1, -150)
    yield from case.booked_and_missed("3-month", -58)
    yield from case.booked_and_missed("3-month", -44)


COURSES = (
    alderson,
    birchwood,
    cedarman,
    dogwood,
    elmsworth,
    firley,
    ginkgo,
    hazelby,
    ivyton,
    juniper,
    kapok,
    larchmont,
)


def _first_sunday_of_november(year: int) -> date:
    first = date(year, 11, 1)
    return first + timedelta(days=(7 - first.isoweekday()) % 7)
