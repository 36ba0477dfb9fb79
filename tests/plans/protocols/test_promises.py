"""Words that promise an outcome."""

import pytest

from plans.protocols.catalogue import EXPECTATION, PROTOCOLS, TEXTS, TOPICS
from plans.protocols.promises import promises

PROMISING = {
    "en": [
        "We guarantee the result.",
        "This cures hair loss.",
        "A permanent solution",
        "100% of our patients are happy.",
        "It works 100 %.",
        "Your hair will grow back.",
        "It'll regrow.",
        "Regrow your hair in 3 months!",
        "It definitely helps.",
        "A miracle for your scalp",
        "Not only a cure, a new life",
        "It hurts nobody, and it is guaranteed.",
        "GUARANTEED",
    ],
    "es": [
        "Resultado garantizado.",
        "Cura la alopecia.",
        "Una solución permanente y definitiva",
        "Su pelo volverá a crecer.",
        "Para siempre",
        "Recuperar su cabello es fácil.",
    ],
    "de": [
        "Wir garantieren das Ergebnis.",
        "Heilt Haarausfall.",
        "Dauerhafter Erfolg",
        "Ihr Haar wächst wieder nach.",
        "Ihre Haare werden wieder nachwachsen.",
        "Definitiv mehr Haare",
    ],
    "ar": ["نضمن لك النتيجة", "نتيجة مضمونة", "حل دائم", "علاج نهائي", "سينمو شعرك من جديد", "نجاح ١٠٠٪"],
}
HONEST = [
    EXPECTATION,
    "No result is guaranteed.",
    "We cannot guarantee that anything changes.",
    "It is not a cure, and not permanent.",
    "Nobody can say that your hair will grow back.",
    "The cure of wounds is not our subject.",
    "Secure the procedure. Obscure. Procured.",
    "Nadie puede garantizar un resultado.",
    "Ningún resultado está garantizado.",
    "Wir können nichts garantieren.",
    "Wir garantieren nichts.",
    "Ein Erfolg ist nicht garantiert.",
    "Die Haut heilt meist in einer Woche.",
    "لا نضمن أي نتيجة",
    "اغسل يديك دائماً",
]


@pytest.mark.parametrize(
    ("language", "text"), [(language, text) for language, texts in PROMISING.items() for text in texts]
)
def test_a_promise_is_found(language, text):
    assert promises(text)


@pytest.mark.parametrize("text", [text for text in HONEST if not text.startswith("The cure")])
def test_an_honest_sentence_promises_nothing(text):
    assert promises(text) == []


def test_each_word_is_told_once_as_it_was_written_in_order():
    assert promises("Definitely! It cures, definitely. Cures. It  cures.") == [
        "Definitely",
        "cures",
        "definitely",
        "Cures",
    ]


@pytest.mark.parametrize("language", TEXTS)
def test_no_text_of_the_catalogue_promises_anything(language):
    for code, (title, body) in TEXTS[language].items():
        assert promises(f"{title}\n{body}") == [], code


def test_every_topic_has_a_text_in_every_language():
    codes = {topic.code for topic in TOPICS}
    assert {language: set(texts) for language, texts in TEXTS.items()} == dict.fromkeys(("en", "es", "de", "ar"), codes)
    lines = {code: {len(TEXTS[language][code][1].splitlines()) for language in TEXTS} for code in codes}
    assert all(len(counts) == 1 for counts in lines.values()), "each says as much as the others"


@pytest.mark.parametrize("seed", PROTOCOLS, ids=lambda seed: seed.code)
def test_every_treatment_of_a_seeded_protocol_has_care_advice(seed):
    for step in seed.steps:
        if step.components:
            assert {
                f"{kind}-{one.modality.replace('_', '-')}"
                for one in step.components
                for kind in ("prepare", "aftercare")
            } < set(step.care)
            assert step.care[-1] == "lifestyle"
