"""Words that tell what somebody is treated for or with: none of them stands in a mail or in its links (pure).

Modalities, diagnoses, scales and what goes with them (docs/glossary.md), in every language that patients are written
to in. A term matches at the beginning of a word, in any spelling of case and accents: `exosom` finds “exosomas”. One
that ends in a full stop matches the whole word only.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache

TERMS: Mapping[str, Sequence[str]] = {
    "en": (
        # what is given
        "prp.", "platelet", "plasma", "stem cell", "stem-cell", "stemcell", "svf.", "stromal", "exosom", "microneedl",
        "needl", "adipose", "liposuction", "marrow", "harvest", "inject", "infiltrat", "centrifug", "graft",
        "transplant", "minoxidil", "finasteride", "dutasteride", "isotretinoin", "anaesthe", "anesthe", "lidocaine",
        "topical",
        # what somebody has
        "alopec", "effluvi", "androgen", "areata", "bald", "hair", "scalp", "follic", "trichotil", "tinea", "scarring",
        "menopaus", "hormon", "norwood", "ludwig", "sinclair", "savin", "pull test", "diagnos", "disease", "disorder",
        "infection", "adverse", "side effect", "allerg", "blood", "cancer", "tumour", "tumor", "icd.", "icd-10",
        # what is done about it
        "treatment", "therap", "procedure", "session", "surg", "operation", "dose", "dosage", "medicat", "medicin",
        "prescri", "recall",
    ),
    "es": (
        "plaqueta", "plasma", "celula", "madre.", "exosoma", "microaguja", "microneedl", "aguja", "adipos", "medula",
        "extraccion", "inyec", "infiltraci", "centrifug", "injert", "trasplante", "anestesi", "topic",
        "alopecia", "efluvio", "calv", "cabello", "capilar", "pelo.", "cuero cabelludo", "folic", "tricotil", "tiña",
        "cicatri", "menopausi", "hormon", "diagnost", "enfermedad", "trastorno", "infeccion", "efecto secundario",
        "efectos secundarios", "alergi", "sangre", "cancer", "tumor",
        "tratamiento", "terapi", "procedimiento", "sesion", "cirugi", "quirurg", "dosis", "medicament", "receta",
    ),
    "de": (
        "thrombozyt", "blutplattchen", "plasma", "stammzell", "exosom", "microneedl", "mikroneedl", "nadel",
        "fettgewebe", "fettabsaug", "knochenmark", "entnahme", "injektion", "spritze", "zentrifug", "transplant",
        "betaub", "anasthe", "narkose",
        "alopez", "haar", "glatze", "kahl", "kopfhaut", "effluvium", "follik", "trichotil", "vernarb", "narbe",
        "wechseljahr", "hormon", "diagnos", "krankheit", "erkrankung", "storung", "infektion", "entzund",
        "nebenwirkung", "allergi", "blut.", "krebs", "tumor",
        "behandl", "therap", "eingriff", "sitzung", "operation", "chirurg", "dosis", "dosier", "medikament",
        "arznei", "rezept.",
    ),
    "ar": (
        "صفائح", "الصفائح", "بلازما", "البلازما", "خلايا", "الخلايا", "جذعية", "الجذعية", "إكسوسوم", "الإكسوسوم",
        "اكسوسوم", "إبر", "الإبر", "وخز", "الوخز", "دهون", "الدهون", "نخاع", "النخاع", "نقي", "حقن", "الحقن",
        "زراعة", "تخدير", "التخدير",
        "ثعلبة", "الثعلبة", "صلع", "الصلع", "شعر", "الشعر", "فروة", "بصيلات", "البصيلات", "ندب", "هرمون",
        "الهرمون", "تشخيص", "التشخيص", "مرض", "المرض", "عدوى", "العدوى", "التهاب", "الالتهاب", "حساسية", "الحساسية",
        "دم.", "الدم.", "سرطان", "السرطان", "ورم.", "الورم.", "أعراض جانبية",
        "علاج", "العلاج", "جلسة", "الجلسة", "جلسات", "الجلسات", "إجراء", "الإجراء", "عملية", "العملية", "جراحة",
        "الجراحة", "جرعة", "الجرعة", "دواء", "الدواء", "أدوية", "الأدوية",
    ),
}  # fmt: skip


def clinical_words(text: str) -> list[str]:
    """The words of `text` that are clinical in any of the languages, as they stand there and once each."""
    plain, origins = _plain(text)
    found = [text[origins[match.start()] : origins[match.end() - 1] + 1] for match in _pattern().finditer(plain)]
    return list(dict.fromkeys(found))


def _plain(text: str) -> tuple[str, list[int]]:
    """`text` in small letters without accents and invisible characters; and where each letter stood."""
    letters: list[str] = []
    origins: list[int] = []
    for place, character in enumerate(text):
        for letter in unicodedata.normalize("NFKD", character.casefold()):
            if unicodedata.category(letter) not in ("Mn", "Cf"):
                letters.append(letter)
                origins.append(place)
    return "".join(letters), origins


@cache
def _pattern() -> re.Pattern[str]:
    terms = sorted({_plain(term)[0] for terms in TERMS.values() for term in terms}, key=len, reverse=True)
    said = [re.escape(term[:-1]) if term.endswith(".") else rf"{re.escape(term)}\w*" for term in terms]
    return re.compile(rf"(?<!\w)(?:{'|'.join(said)})(?!\w)")
