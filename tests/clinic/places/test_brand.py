"""A location's colour and logo: what is taken, what is refused, and the mail beside the form."""

from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.forms.models import model_to_dict
from django.test import Client
from PIL import Image

from clinic.access.roles import Role
from clinic.errors import Invalid
from clinic.places.models import Location
from clinic.places.services import location_update
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
