"""Words that promise an outcome (pure), in the languages in which patients read: no text of ours may contain them.

A search for words, not for meaning: it finds what a hurried hand writes, and a person still reads every text. What the
same clause denies (“no result is guaranteed”) promises nothing, and is left alone.
"""

import re

PATTERNS = (
    # Any language
    r"(?:100|١٠٠)\s*[%٪]",
    # English
    r"guarantee(?:s|d|ing)?",
    r"cur(?:e|es|ed|ing|able)",
    r"permanent(?:ly)?",
    r"(?:will|ll) (?:\w+ )?(?:re)?grow(?: back)?",
    r"(?:re)?grows? back",
    r"regrow(?:s|ing)? (?:your|his|her|their|the) hair",
    r"hair (?:\w+ )?comes? back",
    r"definitely",
    r"(?:always|never fails to) works?",
    r"miracles?|miraculous",
    r"forever",
    # Spanish
    r"garant(?:iz\w+|ía\w*|ia\w*)",
    r"cura(?:rá|rán|r|mos|remos)?",
    r"permanentes?|permanentemente",
    r"volver(?:á|án) a crecer|vuelven? a crecer",
    r"crecerán? de nuevo",
    r"(?:recuperará[sn]?|recuperar) (?:tu|su|el) (?:pelo|cabello)",
    r"definitiv(?:o|a|os|as|amente)",
    r"seguro que",
    r"milagr\w+",
    r"para siempre",
    # German
    r"garant\w+",
    r"heil\w+ (?:\w+ ){0,2}(?:haarausfall|alopezie)|(?:haarausfall|alopezie) (?:\w+ ){0,3}(?:heilt|heilbar|geheilt)",
    r"dauerhaft\w*",
    r"endgültig\w*",
    r"(?:wächst|wachsen) (?:\w+ ){0,3}nach|nachwachsen (?:wird|werden)|(?:wird|werden) (?:\w+ ){0,3}nachwachsen",
    r"hundertprozentig\w*",
    r"definitiv|mit sicherheit",
    r"wundermittel|für immer",
    # Arabic
    r"(?:ال)?ضمان|[نيتأ]ضمن|(?:ال)?مضمون(?:ة)?",
    r"(?:ال)?دائم(?:ة)?",
    r"نهائي(?:ة|ا|اً|ًا)?",
    r"شفاء (?:تام|كامل)",
    r"سي(?:نمو|عود) (?:ال)?شعر\w*|سوف (?:ينمو|يعود) (?:ال)?شعر\w*|شعرك سي(?:نمو|عود)",
    r"بالتأكيد|حتم(?:ا|اً|ًا)",
    r"معجز\w*",
)
NEGATIONS = frozenset(
    {
        "no",
        "not",
        "never",
        "cannot",
        "can't",
        "nobody",
        "nothing",
        "none",
        "neither",
        "nor",
        "without",
        "don't",
        "doesn't",
        "isn't",
        "aren't",
        "won't",
        "sin",
        "ni",
        "nunca",
        "nadie",
        "ningún",
        "ninguna",
        "ninguno",
        "tampoco",
        "nicht",
        "nichts",
        "kein",
        "keine",
        "keinen",
        "keinem",
        "keiner",
        "keines",
        "nie",
        "niemand",
        "ohne",
        "weder",
        "لا",
        "ولا",
        "ليس",
        "ليست",
        "لن",
        "لم",
        "غير",
        "بدون",
        "دون",
    }
)
BUT_NOT = re.compile(r"(?:not|no|nicht|ليس) (?:only|just|sólo|solo|nur|فقط)", re.IGNORECASE)
"""“Not only …” denies nothing."""
REACH_OF_A_NEGATION = 8
"""How many words before may deny one."""
DENIED_AFTER = re.compile(r"(?: \w+){0,2} nichts?\b", re.IGNORECASE)
"""German denies after the verb, too."""

_ANY = re.compile(r"(?<!\w)(?:" + "|".join(f"(?:{pattern})" for pattern in PATTERNS) + r")(?!\w)", re.IGNORECASE)
_CLAUSE_END = re.compile(r"[.,;:!?\n–—،؛؟¡¿()]|\b(?:but|pero|sino|aber|sondern|لكن|بل)\b")


def promises(text: str) -> list[str]:
    """The words of `text` that promise an outcome, as written, each once, in order."""
    plain = re.sub(r"[^\S\n]+", " ", text.replace("’", "'"))
    found = (match for match in _ANY.finditer(plain) if not _is_denied(plain, match))
    return list(dict.fromkeys(match.group() for match in found))


def promise_fault(text: str) -> str:
    """What to tell whoever wrote a promise; empty where there is none."""
    found = promises(text)
    if not found:
        return ""
    words = ", ".join(f"“{word}”" for word in found)
    return f"No text promises an outcome: write it without {words}."


def _is_denied(text: str, match: re.Match[str]) -> bool:
    before = _CLAUSE_END.split(text[: match.start()])[-1]
    near = " ".join(before.split()[-REACH_OF_A_NEGATION:])
    if not BUT_NOT.search(near) and NEGATIONS.intersection(near.lower().split()):
        return True
    return DENIED_AFTER.match(_CLAUSE_END.split(text[match.end() :])[0]) is not None
