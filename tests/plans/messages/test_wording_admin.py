"""Mail words in the console: who writes them, what is refused, what is shown and sent."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from clinic.access.roles import Role
from plans.messages.models import WORDED_KINDS, MessageKind, MessageWording
from tests.factories import make_location, make_user

pytestmark = pytest.mark.django_db

OWN = {"subject": "Bis bald: {date}", "body": "Liebe(r) {name},\n\nwir warten auf Sie.", "language": "de"}


class Desk:
    """A location with somebody of each role, and a manager of another one."""

    def __init__(self) -> None:
        self.here, self.elsewhere = make_location("Linden House"), make_location("Elsewhere")
        self.people = {role: make_user((self.here, role)) for role in Role}
        self.manager = self.client_of(self.people[Role.MANAGER])
        self.stranger = self.client_of(make_user((self.elsewhere, Role.MANAGER)))

    def client_of(self, user) -> Client:
        client = Client()
        client.force_login(user)
        return client

    def url(self, kind: str = "reminder", page: str = "words") -> str:
        return reverse(f"admin:plans_messagewording_{page}", args=[self.here.pk, kind])


@pytest.fixture
def desk() -> Desk:
    return Desk()


def own() -> list[tuple[str, str, str]]:
    return list(MessageWording.objects.order_by("language").values_list("language", "subject", "body"))


def test_a_manager_writes_words_changes_them_and_returns_to_the_standard_ones(desk):
    page = desk.manager.get(f"{desk.url()}?language=de")
    assert "Erinnerung an Ihren Termin: {date}, {time}" in page.content.decode(), "the standard words to begin with"
    assert desk.manager.post(desk.url(), {**OWN, "op": "save"}).status_code == 303
    assert own() == [("de", OWN["subject"], OWN["body"])]
    row = MessageWording.objects.get()
    changed = {**OWN, "subject": "Wir sehen uns", "op": "save", "_version": row.version}
    assert desk.manager.post(desk.url(), changed).status_code == 303
    stale = desk.manager.post(desk.url(), {**changed, "subject": "Zu spät"})
    assert stale.status_code == 409
    assert "has changed since" in stale.content.decode()
    assert own()[0][1] == "Wir sehen uns"
    row.refresh_from_db()
    assert desk.manager.post(desk.url(), {**OWN, "op": "reset", "_version": row.version}).status_code == 303
    assert own() == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"subject": "On {day}"}, "{day} is unknown here. Known: {name}, {place}"),
        ({"body": "Ihre PRP-Sitzung"}, "it cannot say “PRP”, “Sitzung”"),
        ({"body": "Hallo {name"}, "A brace stands alone"),
        ({"subject": ""}, "Some words are needed here."),
    ],
)
def test_broken_words_cannot_be_saved_and_stay_in_the_form(desk, change, said):
    for operation in ("save", "test"):
        response = desk.manager.post(desk.url(), {**OWN, **change, "op": operation})
        assert response.status_code == 200
        errors = " ".join(error for of_field in response.context["form"].errors.values() for error in of_field)
        assert said in errors
        assert next(iter(change)) in response.context["form"].errors
        assert own() == []


def test_the_draft_is_seen_in_a_frame_that_can_do_nothing_and_nothing_is_kept(desk):
    answer = desk.manager.post(desk.url(page="try"), {**OWN, "scheme": "dark"}).content.decode()
    assert "Bis bald: " in answer
    frame = re.search(r'<iframe[^>]* sandbox="" [^>]*src="([^"]+)"', answer).group(1)
    shown = desk.manager.get(frame)
    assert "wir warten auf Sie." in shown.content.decode()
    assert "@media all" in shown.content.decode(), "dark, whatever the screen is set to"
    policy = shown.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert policy.endswith("sandbox")
    assert "script-src" not in policy
    assert shown.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert desk.client_of(desk.people[Role.FRONT_DESK]).get(frame).status_code == 404, "it is nobody else's"
    text = desk.manager.post(desk.url(page="try"), {**OWN, "view": "text"}).content.decode()
    assert "<pre" in text
    assert "<iframe" not in text
    assert own() == []


def test_a_draft_with_faults_shows_them_and_what_would_go_out_instead(desk):
    answer = desk.manager.post(desk.url(page="try"), {**OWN, "body": "Ihre Behandlung"}).content.decode()
    assert "“Behandlung”" in answer
    assert "It cannot be saved so." in answer
    assert "Erinnerung an Ihren Termin" in answer


def test_a_test_mail_reaches_who_asked_for_it_in_the_words_of_the_draft(desk, mailbox):
    response = desk.manager.post(desk.url(), {**OWN, "op": "test"})
    address = desk.people[Role.MANAGER].email
    assert f"A test mail is on its way to {address}." in response.content.decode()
    (mail,) = mailbox.messages()
    assert mail["Subject"].startswith("Bis bald: ")
    assert mail["To"].addresses[0].addr_spec == address
    assert own() == []


def test_everybody_reads_the_words_of_their_location_and_managers_alone_change_them(desk):
    for role in set(Role) - {Role.MANAGER}:
        client = desk.client_of(desk.people[role])
        assert client.get(desk.url()).status_code == 200
        assert client.post(desk.url(page="try"), OWN).status_code == 200
        for operation in ("save", "test", "reset", "preview"):
            assert client.post(desk.url(), {**OWN, "op": operation}).status_code == 403
    for page in ("words", "try"):
        assert desk.stranger.get(desk.url(page=page)).status_code in {404, 405}
        assert desk.stranger.post(desk.url(page=page), {**OWN, "op": "save"}).status_code == 404
        assert Client().post(desk.url(page=page), OWN).status_code == 302
    assert own() == []


def test_a_page_opens_for_each_kind_and_language_and_for_no_other(desk):
    for kind in WORDED_KINDS:
        assert desk.manager.get(f"{desk.url(kind)}?language=ar").status_code == 200
    for kind in (MessageKind.STUCK, MessageKind.RECALL, "nonsense"):
        assert desk.manager.get(desk.url(kind)).status_code == 404
    assert desk.manager.get(f"{desk.url()}?language=xx").status_code == 200


def test_the_list_says_where_there_are_own_words(desk):
    desk.manager.post(desk.url(), {**OWN, "op": "save"})
    page = desk.manager.get("/admin/plans/messagewording/").content.decode()
    assert "Own words: Deutsch" in page
    assert page.count("Standard words</span>") == len(WORDED_KINDS) - 1
    assert "Elsewhere" not in page
