"""Two rooms' words in one language: what both say, they say alike, for Django knows one catalogue a language."""

from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from django.conf import settings

LANGUAGES = [code for code, _ in settings.LANGUAGES if code != "en"]


def words(folder, language):
    with (Path(folder) / language / "LC_MESSAGES" / "django.po").open("rb") as file:
        return {(said.context, said.id): said.string for said in read_po(file, locale=language) if said.id}


@pytest.mark.parametrize("language", LANGUAGES)
def test_mail_and_pages_translate_what_they_share_alike(language):
    mail, pages = (words(folder, language) for folder in settings.LOCALE_PATHS)
    assert len(pages) > 150
    assert {key: (mail[key], pages[key]) for key in mail.keys() & pages.keys() if mail[key] != pages[key]} == {}
