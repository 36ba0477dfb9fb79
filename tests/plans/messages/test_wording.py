"""A location's own words: what is refused, by name, and what becomes of them in a mail."""

import re
from dataclasses import replace

import pytest

from plans.messages.models import WORDED_KINDS, MessageKind
from plans.messages.render import Mail, render
from plans.messages.wording import PLACEHOLDERS, Wording, faults_of
from plans.messages.wordings.queries import standard_words
from tests.plans.messages.test_render import LINDEN, any_sample

REMINDER, OVERDUE = MessageKind.REMINDER, MessageKind.OVERDUE


def in_words(kind: MessageKind, subject: str, body: str, language: str = "en", name: str = "Mock") -> Mail:
    mail = any_sample(kind, language, replace(LINDEN, wordings={(kind, language): Wording(subject, body)}))
    return replace(mail, recipient=replace(mail.recipient, name=name))


def test_own_words_stand_in_both_forms_with_everything_in_place_and_the_acts_under_them():
    rendered = render(
        in_words(REMINDER, "See you on {date}", "Dear {name},\n\nwe expect you at {time} ({zone}).\n\nYours,\n{place}")
    )
    assert rendered.note == ""
    assert rendered.subject == "See you on Tuesday 24 November 2026"
    for form in (rendered.text, rendered.html):
        assert "Dear Mock," in form
        assert "we expect you at 09:30 (New York time, EST)." in form
        assert re.search(r"Yours,(<br>)?\n?Linden House", form), "with its line break"
        assert "We look forward" not in form
        assert "/confirm/" in form


def test_a_link_in_a_paragraph_of_its_own_is_the_button_and_one_within_a_sentence_is_a_link():
    button = render(in_words(OVERDUE, "Time to come", "Please choose.\n\n{link}\n\nThank you."))
    assert button.html.index("Please choose.") < button.html.index('class="button"') < button.html.index("Thank you.")
    assert button.text.index("Please choose.") < button.text.index("Choose a time:\nhttp") < button.text.index("Thank")
    within = render(in_words(OVERDUE, "Time to come", "Please look here: {link}, thank you."))
    assert 'class="button"' not in within.html
    assert within.html.count(">Choose a time</a>, thank you.") == 1
    assert "look here: Choose a time (http" in within.text


def test_words_that_are_a_link_alone_make_a_mail_too():
    rendered = render(in_words(OVERDUE, "Time to come", "{link}"))
    assert rendered.text.startswith("Choose a time:\nhttp")
    assert ">Time to come</div>" in rendered.html, "the subject stands in for what a list shows beside it"
    linked = render(in_words(OVERDUE, "Time to come", "Look: {link}"))
    assert ">Look: Choose a time</div>" in linked.html


@pytest.mark.parametrize(
    ("kind", "subject", "body", "field", "fault"),
    [
        (REMINDER, "Hi", "Dear {nme}", "body", "{nme} is unknown here. Known: {name}, {place}"),
        (REMINDER, "{link}", "Hello", "subject", "{link} is unknown here"),
        (OVERDUE, "On {date}", "{link}", "subject", "{date} is unknown here"),
        (REMINDER, "Hi", "Dear {name", "body", "A brace stands alone ({)"),
        (REMINDER, "Hi}", "Dear", "subject", "A brace stands alone (})"),
        (REMINDER, "Hi", "{name.__class__}", "body", "{name.__class__} is unknown here"),
        (REMINDER, "Hi", "{name!r:>{name}}", "body", "A brace stands alone"),
        (REMINDER, "Your PRP session", "Hello", "subject", "“PRP”, “session”"),
        (REMINDER, "Hi", "Gegen Haarausfall", "body", "“Haarausfall”"),
        (REMINDER, "Hi", "Your hаir", "body", "“hаir” mixes letters of several alphabets"),
        (REMINDER, "Hi", "Go to https://evil.example/login", "body", "“https://evil.example/login”, and it leads"),
        (REMINDER, "evil.example", "Hello", "subject", "“evil.example”"),
        (REMINDER, "Hi", "Write to us@evil.example", "body", "“us@evil.example”"),
        (OVERDUE, "Hi", "Please call us.", "body", "{link} is missing"),
        (REMINDER, "Hi\nBcc: all@example.com", "Hello", "subject", "A subject is one line."),
        (REMINDER, " ", "Hello", "subject", "Some words are needed here."),
        (REMINDER, "x" * 151, "Hello", "subject", "These are 151 characters; at most 150 fit."),
    ],
)
def test_words_that_cannot_be_used_are_refused_by_name(kind, subject, body, field, fault):
    assert any(found.field == field and fault in str(found) for found in faults_of(kind, Wording(subject, body)))


@pytest.mark.parametrize("kind", WORDED_KINDS)
def test_each_kind_knows_its_placeholders_and_every_one_of_them_can_be_used(kind):
    known = PLACEHOLDERS[kind]
    wording = Wording("{name} {place} {phone}", "\n\n".join(f"{{{name}}}" for name in known))
    assert not faults_of(kind, wording)
    rendered = render(in_words(kind, wording.subject, wording.body))
    assert rendered.note == ""
    assert "{" not in rendered.text
    assert rendered.subject == "Mock Linden House +1 212 555 0100"


def test_own_words_can_hold_no_markup_and_no_header():
    hostile = '<script>alert(1)</script> & {name} {% now "Y" %}'.replace("{%", "%").replace("%}", "%")
    rendered = render(in_words(REMINDER, "<b>{name}</b> Bcc: x", hostile, name="Mo\r\nBcc: all@example.com"))
    assert "<script>" not in rendered.html
    assert "&lt;script&gt;" in rendered.html
    content = rendered.as_bytes()
    assert b"\r\nBcc:" not in content


@pytest.mark.parametrize("body", ["Hello {gone}", "Your session is near.", ""])
def test_words_that_cannot_be_used_any_more_give_way_to_the_standard_ones_and_the_mail_says_so(body):
    rendered = render(in_words(REMINDER, "Hi", body))
    assert "We look forward to your visit at Linden House." in rendered.text
    assert rendered.subject.startswith("Reminder of your visit")
    assert rendered.note.startswith("The location’s own words could not be used (")


def test_own_words_of_another_language_or_kind_change_nothing():
    mail = in_words(REMINDER, "Hi", "Own words", "de")
    english = replace(mail, recipient=replace(mail.recipient, language="en"))
    assert "Own words" in render(mail).text
    assert "Own words" not in render(english).text
    assert "Own words" not in render(replace(mail, kind=MessageKind.CONFIRMATION)).text


@pytest.mark.parametrize("language", ["en", "es", "de", "ar"])
@pytest.mark.parametrize("kind", WORDED_KINDS)
def test_the_standard_words_are_where_own_ones_begin_and_say_the_same(kind, language):
    words = standard_words(kind, language)
    assert not faults_of(kind, words)
    assert "{name}" in words.body
    own = render(in_words(kind, words.subject, words.body, language))
    standard = render(any_sample(kind, language))
    assert own.note == ""
    assert (own.subject, own.text) == (standard.subject, standard.text)
    assert own.html == standard.html
