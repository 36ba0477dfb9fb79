"""The tool for translations: what it finds, keeps, compiles and complains of."""

from pathlib import Path

import pytest

from clinic.catalogues import Catalogue

SOURCE = """
from django.utils.translation import gettext, ngettext, pgettext

def words(name, count):
    return (
        gettext("Hello %(name)s") % {"name": name},
        pgettext("of a date", "j F"),
        ngettext("%(count)s visit", "%(count)s visits", count),
    )
"""
TEMPLATE = "{% load i18n %}\n  <p>{% translate 'Good day' %}</p>\n {# it isn't here #}"
TRANSLATIONS = {
    'msgid "Hello %(name)s"\nmsgstr ""': 'msgid "Hello %(name)s"\nmsgstr "Guten Tag %(name)s"',
    'msgid "j F"\nmsgstr ""': 'msgid "j F"\nmsgstr "j. F"',
    'msgid "Good day"\nmsgstr ""': 'msgid "Good day"\nmsgstr "Guten Tag"',
    'msgstr[0] ""\nmsgstr[1] ""': 'msgstr[0] "ein Besuch"\nmsgstr[1] "%(count)s Besuche"',
}


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    """Of a room with one file and one template, complete in German."""
    room, templates = tmp_path / "plans" / "room", tmp_path / "plans" / "templates" / "room"
    room.mkdir(parents=True)
    templates.mkdir(parents=True)
    (room / "words.py").write_text(SOURCE)
    (templates / "page.html").write_text(TEMPLATE)
    catalogue = Catalogue(room / "locale", "de")
    catalogue.write()
    change(catalogue, TRANSLATIONS)
    fresh = Catalogue(room / "locale", "de")
    fresh.write()
    return fresh


def change(catalogue: Catalogue, changes: dict[str, str]) -> None:
    text = catalogue.po.read_text()
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    catalogue.po.write_text(text)


def test_a_complete_catalogue_has_no_fault_and_writing_it_again_changes_nothing(catalogue):
    before = catalogue.po.read_bytes(), catalogue.mo.read_bytes()
    catalogue.write()
    assert catalogue.faults() == []
    assert (catalogue.po.read_bytes(), catalogue.mo.read_bytes()) == before


@pytest.mark.parametrize(
    ("change_of", "fault"),
    [
        ({"Guten Tag %(name)s": ""}, "“Hello %(name)s” is not translated."),
        ({'msgstr[1] "%(count)s Besuche"': 'msgstr[1] ""'}, "“%(count)s visit” is not translated."),
        ({"Guten Tag %(name)s": "Guten Tag %(nmae)s"}, "differ in %(name)s, %(nmae)s"),
        ({'#, python-format\nmsgid "Hello': '#, fuzzy, python-format\nmsgid "Hello'}, "is marked fuzzy"),
    ],
)
def test_a_translation_that_is_missing_fuzzy_or_without_its_placeholder_is_named(catalogue, change_of, fault):
    change(catalogue, change_of)
    assert any(fault in found for found in catalogue.faults())


def test_a_string_that_the_catalogue_does_not_have_makes_it_stale(catalogue):
    source = catalogue.folder.parent / "words.py"
    source.write_text(source.read_text() + '\nLATER = gettext("See you")\n')
    assert "is not what the room says" in Catalogue(catalogue.folder, "de").faults()[0]


def test_a_compiled_file_of_other_words_is_found(catalogue):
    catalogue.mo.write_bytes(catalogue.mo.read_bytes().replace(b"Guten", b"Guden"))
    assert "the compiled file is not its .po" in catalogue.faults()[0]
