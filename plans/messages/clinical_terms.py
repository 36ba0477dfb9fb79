"""Words that tell what somebody is treated for or with: none of them stands in a mail or in its links (pure).

Modalities, diagnoses, scales and what goes with them (docs/glossary.md), in every language that patients are written
to in. A term matches at the beginning of a word, in any spelling of case and accents: `exosom` finds “exosomas”. One
that ends in a full stop matches the whole word only. Arabic writes “and”, “for”, “with” and “the” in one with the word.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache

TERMS: Mapping[str, Sequence[str]] = {
    "en": (
        # what is given
        "prp.", "platelet", "plasma", "stem cell", "stem-cell", "stemcell", "svf.", "stromal", "exosom", "microneedl",
        "needl", "adipose", "liposuction", "marrow", "harvest", "inject", "infiltrat", "centrifug", "graft.",
        "grafts.", "grafting", "transplant", "minoxidil", "finasteride", "dutasteride", "isotretinoin", "anaesthe",
        "anesthe", "lidocaine", "topical",
        # what somebody has
        "alopec", "effluvi", "androgen", "areata", "baldness", "balding", "hair", "scalp", "follic", "trichotil",
        "tinea", "scarring", "menopaus", "hormon", "norwood", "ludwig", "sinclair", "savin.", "salt.", "pull test",
        "diagnos", "disease", "disorder", "infection", "adverse", "side effect", "allerg", "blood", "cancer",
        "tumour", "tumor", "icd.", "icd-10",
        # what is done about it
        "treatment", "therap", "procedure", "session", "surgery", "surgic", "operation", "dose", "dosage", "medicat",
        "medicin", "prescri", "recall",
    ),
    "es": (
        "plaqueta", "plasma", "celula", "exosoma", "microaguja", "microneedl", "aguja", "adipos", "medula",
        "extraccion", "inyec", "infiltraci", "centrifug", "injert", "trasplante", "anestesi", "topico", "topica",
        "alopecia", "efluvio", "calvicie", "calvo.", "calva.", "cabello", "capilar", "pelo.", "cuero cabelludo",
        "folic", "tricotil", "tiña", "cicatri", "menopausi", "hormon", "diagnost", "enfermedad", "trastorno",
        "infeccion", "efecto secundario", "efectos secundarios", "alergi", "sangre", "cancer", "tumor", "tratamiento",
        "terapi", "procedimiento", "sesion", "cirugi", "quirurg", "dosis", "medicament", "receta",
    ),
    "de": (
        "thrombozyt", "blutplattchen", "plasma", "stammzell", "exosom", "microneedl", "mikroneedl", "nadel",
        "fettgewebe", "fettabsaug", "knochenmark", "entnahme", "injektion", "spritze", "zentrifug", "transplant",
        "betaub", "anasthe", "narkose", "alopez", "haar", "glatze", "kahlheit", "kahle", "kopfhaut", "effluvium",
        "follik", "trichotil", "vernarb", "narbe", "wechseljahr", "hormon", "diagnos", "krankheit", "erkrankung",
        "storung", "infektion", "entzund", "nebenwirkung", "allergi", "blut.", "krebs", "tumor", "behandl", "therap",
        "eingriff", "sitzung", "operation", "chirurg", "dosis", "dosier", "medikament", "arznei", "rezept.",
    ),
    "ar": (
        "صفائح", "بلازما", "خلايا", "جذعية", "إكسوسوم", "اكسوسوم", "إبر", "وخز", "دهون", "نخاع", "نقي العظم", "حقن",
        "زراعة", "تخدير", "ثعلبة", "صلع", "شعر.", "تساقط الشعر", "فروة", "بصيلات", "ندب", "هرمون", "تشخيص", "التهاب",
        "مرض", "عدوى", "حساسية", "دم.", "سرطان", "ورم.", "أعراض جانبية", "علاج", "جلسة", "جلسات", "إجراء", "عملية",
        "جراحة", "جرعة", "دواء", "أدوية",
    ),
}  # fmt: skip

ARABIC = re.compile("[\u0620-\u064a]")
ARABIC_PREFIXES = "[وفبكل]{0,2}(?:ال|ل)?"


def clinical_words(text: str) -> list[str]:
    """The words of `text` that are clinical in any of the languages, as they stand there and once each."""
    found = [match.span() for match in _pattern().finditer(_plain(text))]
    if not found:
        return []
    origins = [place for place, character in enumerate(text) for _ in _letters(character)]
    return list(dict.fromkeys(text[origins[start] : origins[end - 1] + 1] for start, end in found))


def _plain(text: str) -> str:
    """`text` in small letters, without accents and invisible characters."""
    return "".join(map(_letters, text))


@lru_cache(maxsize=4096)
def _letters(character: str) -> str:
    parts = unicodedata.normalize("NFKD", character.casefold())
    return "".join(part for part in parts if unicodedata.category(part) not in ("Mn", "Cf"))


@cache
def _pattern() -> re.Pattern[str]:
    terms = sorted({_plain(term) for terms in TERMS.values() for term in terms}, key=len, reverse=True)
    arabic = "|".join(_said(term) for term in terms if ARABIC.match(term))
    others = "|".join(_said(term) for term in terms if not ARABIC.match(term))
    return re.compile(rf"\b(?:{others}|{ARABIC_PREFIXES}(?:{arabic}))(?!\w)")


def _said(term: str) -> str:
    return re.escape(term[:-1]) if term.endswith(".") else rf"{re.escape(term)}\w*"
