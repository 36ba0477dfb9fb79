"""Words that tell what somebody is treated for or with: none of them stands in a mail or in its links (pure).

Modalities, diagnoses, scales and what goes with them (docs/glossary.md), in every language that patients are written
to in. A term matches at the beginning of a word: `exosom` finds “exosomas”; in German anywhere in it, for compounds say
last what matters. One that ends in a full stop matches the whole word only, and its plural. Arabic writes “and”, “for”,
“with” and “the” in one with the word, and whose it is behind it.

What is compared are bare letters: case, accents, what is invisible, look-alikes from other alphabets and whatever
stands between two words make no difference.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache

from plans.messages.hosts import addresses_in

TERMS: Mapping[str, Sequence[str]] = {
    "en": (
        # what is given
        "prp.", "platelet", "plasma", "stem cell", "stemcell", "svf.", "stromal", "exosom", "microneedl",
        "needl", "adipose", "liposuction", "marrow", "harvest", "inject", "infiltrat", "centrifug", "graft.",
        "grafting", "transplant", "minoxidil", "finasteride", "dutasteride", "isotretinoin", "anaesthe",
        "anesthe", "lidocaine", "topical",
        # what somebody has
        "alopec", "effluvi", "androgen", "areata", "bald.", "baldness", "balding", "hair", "scalp", "follic",
        "trichotil", "tinea", "scarring", "menopaus", "hormon", "norwood", "ludwig", "sinclair", "savin.", "salt.",
        "pull test",
        "diagnos", "disease", "disorder", "infection", "adverse", "side effect", "allerg", "blood", "cancer",
        "tumour", "tumor", "icd.",
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
        "storung", "infektion", "entzund", "nebenwirkung", "allergi", "blut", "krebs", "tumor", "behandl", "therap",
        "eingriff", "sitzung", "operation", "chirurg", "dosis", "dosier", "medikament", "arznei", "rezept.", "rezepte.",
    ),
    "ar": (
        "صفائح", "بلازما", "خلايا", "جذعية", "إكسوسوم", "اكسوسوم", "إبر.", "إبرة", "وخز", "دهون", "نخاع",
        "نقي العظم", "حقن", "زراعة", "تخدير", "ثعلبة", "صلع", "أصلع", "شعر.", "تساقط الشعر", "فروة", "بصيلات",
        "بصيلة", "ندب", "هرمون", "تشخيص", "التهاب", "مرض", "عدوى", "حساسية", "دم.", "سرطان", "ورم.",
        "أعراض جانبية", "علاج", "جلسة", "جلسات", "إجراء", "إجرائ", "إجراؤ", "عملية", "جراحة", "جرعة", "دواء",
        "دوائ", "دواؤ", "أدوية",
    ),
}  # fmt: skip
ORDINARY: Mapping[str, Sequence[str]] = {
    "en": ("cooperat", "co operat", "needless"),
    "es": ("iniciar sesion", "inicie sesion", "inicie la sesion"),
    "de": ("bald.", "kooperat", "blute", "schaar", "haarlem", "zerstorung"),
    "ar": (),
}
"""What holds a term and is none. One that is a term of another language is ordinary in its own language only."""

FILLERS = "\u0640\u115f\u1160\u2800"
"""Tatweel, and characters that count as letters and show as nothing."""
LOOKALIKES = str.maketrans(
    "авсԁеɡһініјкӏмопрԛгѕтухуԝαβεηικμνορτυχζγıɩøłđɑᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢکیىھہ",
    "abcdeghihijklmonpqrstyxywabehikmnoptuxzyiioldaabcdefghijklmnoprstuvwyzكييهه",
)
"""Of Cyrillic, Greek, Latin and Persian letters those that look like one of ours."""
DIGITS = str.maketrans("013457", "oieast")
"""What a digit between two letters is read as."""
ALPHABETS = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU"})
"""Those whose letters look like one another's. Arabic ones do not, and have Latin words glued to them every day."""
ARABIC, OTHER = "[\u0620-\u064a]", "[^\\W\u0620-\u064a]"
ARABIC_PREFIXES, ARABIC_WHOSE = "[وفبكل]{0,2}(?:ال|ل)?", "(?:ي|ك|كم|كما|كن|ه|ها|هم|هما|هن|نا)?"
BETWEEN_LETTERS = re.compile(r"(?<=[^\W\d_])\d(?=[^\W\d_])")
SPELLED_OUT = re.compile(r"\b\w(?: {1,2}\w\b){2,}")
"""Letter by letter: “P.R.P.”."""


def clinical_words(text: str, language: str = "") -> list[str]:
    """The words of `text` that are clinical in any of the languages, as they stand there and once each.

    `language` is that of the text, where it is known: “bald” is everyday German.
    """
    letters = _letters(text)
    found = [match.span() for match in _pattern(language).finditer(letters) if match.lastgroup]
    found += [match.span() for match in SPELLED_OUT.finditer(letters) if _holds_a_term(match.group())]
    words = [address for address, _ in addresses_in(text) if _holds_a_term(_letters(address))]
    if found:
        origins = [place for place, character in enumerate(text) for _ in _plain(character)]
        words = [text[origins[start] : origins[end - 1] + 1] for start, end in sorted(found)] + words
    return list(dict.fromkeys(words))


def mixed_words(text: str) -> list[str]:
    """The words of `text` with letters of several alphabets that look alike: they are not what they seem, once each."""
    return list(dict.fromkeys(word for word in re.findall(r"\w+", text) if len(_alphabets(word)) > 1))


def _alphabets(word: str) -> set[str]:
    if word.isascii():
        return set()
    return {name for letter in word for name in unicodedata.name(letter, "").split() if name in ALPHABETS}


def _letters(text: str) -> str:
    """The bare letters of `text`, with spaces for everything between words."""
    plain = "".join(map(_plain, text))
    plain = BETWEEN_LETTERS.sub(lambda match: match.group().translate(DIGITS), plain)
    return re.sub(r"\d", " ", plain)


@lru_cache(maxsize=4096)
def _plain(character: str) -> str:
    """The small letters of a character, without accents; nothing for one that does not show, a space for no letter."""
    small = unicodedata.normalize("NFKD", character).casefold()
    parts = unicodedata.normalize("NFKD", small).translate(LOOKALIKES)
    shown = (part for part in parts if part not in FILLERS and unicodedata.category(part) not in ("Mn", "Cf"))
    return "".join(part if part.isalnum() else " " for part in shown)


@cache
def _pattern(language: str) -> re.Pattern[str]:
    """Matches ordinary words outside its groups, so that no term is found in them."""
    terms = {term for own in TERMS.values() for term in own}
    ordinary = _any(word for code, own in ORDINARY.items() for word in own if code == language or word not in terms)
    german, arabic = TERMS["de"], TERMS["ar"]
    others = _any(terms - {*german, *arabic})
    return re.compile(
        rf"(?<!{OTHER})(?:{OTHER}*?(?:{ordinary})|(?P<other>{others}|{OTHER}*?(?:{_any(german)})))(?!{OTHER})"
        rf"|(?<!{ARABIC})(?P<arabic>{ARABIC_PREFIXES}(?:{_any(arabic)}))(?!{ARABIC})"
    )


def _any(terms: Iterable[str]) -> str:
    return "|".join(map(_said, sorted(terms, key=len, reverse=True)))


def _said(term: str) -> str:
    """What `term` matches, from where it begins to the end of the word."""
    plain = _letters(term.removesuffix("."))
    is_whole = term.endswith(".")
    if re.match(ARABIC, plain):
        # What ends in a bound “t” shows it before a suffix, and is often written with “h”.
        plain = plain[:-1] + "[ةته]" if plain.endswith("ة") else plain
        return plain + (ARABIC_WHOSE if is_whole else f"{ARABIC}*")
    return plain.strip().replace(" ", " +") + ("s?" if is_whole else f"{OTHER}*")


def _holds_a_term(letters: str) -> bool:
    """Whether a term stands anywhere in `letters`, which were run together or taken apart."""
    joined = letters.replace(" ", "")
    return any(term in joined for term in _joined_terms())


@cache
def _joined_terms() -> frozenset[str]:
    """All but short words that others are made of; “prp” is in no other."""
    terms = {term for own in TERMS.values() for term in own if not term.endswith(".") or len(term) == len("prp.")}
    return frozenset(_letters(term).replace(" ", "") for term in terms)
