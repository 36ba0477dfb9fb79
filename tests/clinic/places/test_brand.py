"""A location's colour and logo: what is taken, what is refused, and the mail beside the form."""

from io import BytesIO
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.forms.models import model_to_dict
from django.test import Client
from PIL import Image

from clinic.access.roles import Role
from clinic.errors import Invalid
from clinic.places.models import Location
from clinic.places.services import location_update
from tests.api import Api, errors
from tests.factories import make_location, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def place(settings, tmp_path) -> Location:
    settings.MEDIA_ROOT = tmp_path
    return make_location("Linden House")


@pytest.fixture
def manager(place) -> Client:
    client = Client()
    client.force_login(make_user((place, Role.MANAGER)))
    return client


def logo(kind: str = "PNG", size: tuple[int, int] = (1200, 300)) -> SimpleUploadedFile:
    file = BytesIO()
    Image.new("RGBA", size, (15, 95, 89, 128)).save(file, kind)
    return SimpleUploadedFile("evil name <script>.png", file.getvalue(), content_type="image/png")


def filled(place: Location, **changes) -> dict:
    """The location's form as the page sends it."""
    fields = {name: value for name, value in model_to_dict(place).items() if value is not None and name != "logo"}
    fields["grace_seconds"] = place.grace_seconds
    return {**fields, **changes}


def test_a_manager_uploads_a_logo_which_is_made_anew_and_stands_in_the_mail(place, manager):
    url = f"/admin/clinic/location/{place.pk}/change/"
    response = manager.post(url, filled(place, new_logo=logo(), brand_colour="#aa3311"))
    assert response.status_code == 303, response.context and response.context["errors"]
    place.refresh_from_db()
    assert place.brand_colour == "#aa3311"
    assert place.logo.name.startswith("logos/")
    assert "evil" not in place.logo.name
    with Image.open(place.logo.path) as picture:
        assert (picture.format, picture.size) == ("PNG", (480, 120))
    page = manager.get(url).content.decode()
    assert "/sample/?scheme=dark" in page
    shown = manager.get(f"/admin/plans/messagewording/of/{place.pk}/confirmation/sample/?scheme=dark")
    assert "data:image/png;base64," in shown.content.decode()
    assert "#aa3311" in shown.content.decode()
    assert shown.headers["Content-Security-Policy"].endswith("sandbox")
    assert manager.post(url, filled(place, remove_logo="on", brand_colour="#aa3311")).status_code == 303
    place.refresh_from_db()
    assert not place.logo


@pytest.mark.parametrize(
    "content", [b"<svg onload='alert(1)'/>", b"GIF89a", b"\x89PNG\r\n\x1a\nbroken"], ids=["svg", "gif", "broken"]
)
def test_what_is_no_picture_is_refused_beside_the_field_and_nothing_changes(place, manager, content):
    upload = SimpleUploadedFile("logo.png", content, content_type="image/png")
    changes = filled(place, new_logo=upload, name="Other name")
    response = manager.post(f"/admin/clinic/location/{place.pk}/change/", changes)
    assert response.status_code == 200
    assert "This file is no picture that we can read." in response.content.decode()
    assert Location.objects.get(pk=place.pk).name == "Linden House"
    with pytest.raises(Invalid) as refused:
        location_update(location_id=place.pk, changes={"logo": BytesIO(content)})
    assert (refused.value.code, refused.value.attr) == ("invalid_image", "logo")


def test_a_colour_that_is_none_is_refused(place, manager):
    changes = filled(place, brand_colour="red; background: url(x)")
    response = manager.post(f"/admin/clinic/location/{place.pk}/change/", changes)
    assert response.status_code == 200
    assert Location.objects.get(pk=place.pk).brand_colour == "#0f5f59"


@pytest.mark.parametrize("after", ["another", "none"])
def test_the_file_of_a_logo_that_is_replaced_or_removed_is_deleted_once_that_is_committed(
    place, after, django_capture_on_commit_callbacks
):
    location_update(location_id=place.pk, changes={"logo": logo()})
    place.refresh_from_db()
    old = Path(place.logo.path)
    with django_capture_on_commit_callbacks() as committed:
        location_update(location_id=place.pk, changes={"logo": logo() if after == "another" else None})
    assert old.exists(), "until then it may come back"
    for act in committed:
        act()
    assert not old.exists()
    place.refresh_from_db()
    assert bool(place.logo) is (after == "another")
    assert not place.logo or Path(place.logo.path).exists()


class TestItsNameInMail:
    """What others see of it tells nothing of what is treated there."""

    def test_a_name_that_tells_it_is_refused_and_changes_nothing(self, place, manager):
        with pytest.raises(Invalid, match="“Hair” tells what patients are treated for"):
            location_update(location_id=place.pk, changes={"mail_name": "Boston Hair"})
        page = manager.post(f"/admin/clinic/location/{place.pk}/change/", filled(place, mail_name="Boston Hair"))
        assert "“Hair” tells what" in page.content.decode()
        place.refresh_from_db()
        assert place.mail_name == ""

    def test_a_manager_is_told_where_the_name_itself_tells_it_until_there_is_another(self, place, manager):
        url = f"/admin/clinic/location/{place.pk}/change/"
        for page in (url, "/admin/"):
            assert "stands in the sender of every mail" not in manager.get(page).content.decode()
        location_update(location_id=place.pk, changes={"name": "Boston Hair Restoration"})
        for page in (url, "/admin/"):
            said = manager.get(page).content.decode()
            assert "“Hair” stands in the sender of every mail" in said
        desk = Client()
        desk.force_login(make_user((place, Role.FRONT_DESK)))
        assert "stands in the sender" not in desk.get("/admin/").content.decode()
        location_update(location_id=place.pk, changes={"mail_name": "Boston House"})
        for page in (url, "/admin/"):
            assert "stands in the sender of every mail" not in manager.get(page).content.decode()

    def test_the_api_takes_it(self, place):
        api = Api(make_user((place, Role.MANAGER)))
        assert api.patch(f"/locations/{place.pk}/", {"mail_name": "House"}).json()["mail_name"] == "House"
        refused = api.patch(f"/locations/{place.pk}/", {"mail_name": "Alopezie-Haus"})
        assert errors(refused) == {"mail_name": "clinical_word"}
