"""Translations without GNU gettext: what a room says, extracted, kept in `.po` and compiled to `.mo`.

A catalogue `<room>/locale` holds the words of the Python files of its room and of the templates in the folder of the
same name. Only `manage.py catalogues` imports this: Babel is a requirement of development.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Any

from babel import Locale
from babel.messages import Catalog
from babel.messages.extract import extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

KEYWORDS: dict[str, tuple[int | tuple[int, str], ...]] = {
    "gettext": (1,),
    "gettext_lazy": (1,),
    "gettext_noop": (1,),
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
TEMPLATES = (".html", ".txt", ".mjml")
MADE = datetime(2000, 1, 1, tzinfo=UTC)
"""Stands in every compiled file: the same words make the same bytes."""
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|\{(\w+)\}")
HEADER = """msgid ""
msgstr ""
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {plural}\\n"

"""


def catalogues_of_settings() -> list["Catalogue"]:
    """Those of each room in `LOCALE_PATHS` and each language but the one that the code is written in."""
    languages = [code for code, _ in settings.LANGUAGES if code != settings.LANGUAGE_CODE]
    return [Catalogue(Path(path), language) for path in settings.LOCALE_PATHS for language in languages]


def cities_of_zones() -> str:
    """What `CITIES` should hold."""
    cities = {code: _cities_in(Locale.parse(code)) for code, _ in settings.LANGUAGES if code != settings.LANGUAGE_CODE}
    return json.dumps(cities, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _cities_in(locale: Locale) -> dict[str, str]:
    return {name: found["city"] for name, found in locale.time_zones.items() if "city" in found}


@dataclass(frozen=True)
class Catalogue:
    """The words of one room in one language. `folder` is the room's `locale`."""

    folder: Path
    language: str

    @property
    def po(self) -> Path:
        return self.folder / self.language / "LC_MESSAGES" / "django.po"

    @property
    def mo(self) -> Path:
        return self.po.with_suffix(".mo")

    def write(self) -> None:
        """Write both files anew: what the room says now, with the translations that stand."""
        if not self._wanted and not self.po.exists():
            return
        self.po.parent.mkdir(parents=True, exist_ok=True)
        self.po.write_text(self._text(), encoding="utf-8")
        self.mo.write_bytes(self._compiled())

    def faults(self) -> list[str]:
        """What is wrong with the files as they are, a line each."""
        if not self._wanted and not self.po.exists():
            return []
        name = self.po.relative_to(settings.BASE_DIR) if self.po.is_relative_to(settings.BASE_DIR) else self.po
        if not self.po.exists() or self.po.read_text(encoding="utf-8") != self._text():
            return [f"{name} is not what the room says: `manage.py catalogues` writes it anew."]
        found = [fault for message in self._standing if message.id for fault in _faults(message)]
        if not self.mo.exists() or self.mo.read_bytes() != self._compiled():
            found.append("the compiled file is not its .po: `manage.py catalogues` writes it anew.")
        return [f"{name}: {fault}" for fault in found]

    @cached_property
    def _wanted(self) -> Catalog:
        """What the room says, without translations."""
        catalog = Catalog(locale=self.language, fuzzy=False)
        for path, context, words, comments in _extracted(self.folder.parent):
            origin = path.relative_to(self.folder.parent.parent.parent).as_posix()
            catalog.add(words, locations=[(origin, 0)], auto_comments=comments, context=context)
        return catalog

    @property
    def _standing(self) -> Catalog:
        """The `.po` as it is; empty where there is none."""
        if not self.po.exists():
            return Catalog(locale=self.language, fuzzy=False)
        with self.po.open("rb") as file:
            return read_po(file, locale=self.language)

    def _text(self) -> str:
        """The `.po` as it should be: without dates, so that only words change it, and without line numbers."""
        catalog = Catalog(locale=self.language, fuzzy=False)
        standing = self._standing
        for message in self._wanted:
            if not message.id:
                continue
            known = standing.get(message.id, context=message.context)
            # Another number of plural forms, or a plural that was none, is no translation of this one.
            is_same = known is not None and known.pluralizable == message.pluralizable
            catalog.add(
                message.id,
                known.string if known is not None and is_same else None,
                locations=sorted(set(message.locations)),
                flags=known.flags if known is not None else (),
                auto_comments=message.auto_comments,
                user_comments=known.user_comments if known is not None else (),
                context=message.context,
            )
        written = BytesIO()
        write_po(written, catalog, width=120, omit_header=True, sort_output=True, include_lineno=False)
        return HEADER.format(language=self.language, plural=catalog.plural_forms) + written.getvalue().decode()

    def _compiled(self) -> bytes:
        catalog = self._standing
        catalog.creation_date = catalog.revision_date = MADE
        written = BytesIO()
        write_mo(written, catalog)
        return written.getvalue()


def _extracted(room: Path) -> Iterator[tuple[Path, str | None, str | tuple[str, ...], list[str]]]:
    """Every string for translation in a room: its file, context, words (one, or singular and plural) and comments."""
    sources = [path for path in sorted(room.rglob("*.py")) if "locale" not in path.parts]
    templates = room.parent / "templates" / room.name
    sources += [path for path in sorted(templates.rglob("*")) if path.suffix in TEMPLATES]
    for path in sources:
        source = path.read_text(encoding="utf-8")
        if path.suffix != ".py":
            # What it leaves of a template is Python but for the indentation.
            source = "\n".join(line.strip() for line in templatize(source, origin=str(path)).splitlines())
        file = BytesIO(source.encode())
        found: Iterable[Any] = extract_python(file, KEYWORDS, ["Translators:"], {"encoding": "utf-8"})
        for _line, function, said, comments in found:
            if function is None:
                continue
            arguments = said if isinstance(said, tuple) else (said,)
            context = arguments[0] if "pgettext" in function else None
            words = [text for text in arguments[1 if context else 0 :] if text is not None]
            words = words[:2] if function.startswith("n") else words[:1]
            if words and all(words):
                yield path, context, words[0] if len(words) == 1 else tuple(words), comments


def _faults(message: Any) -> Iterator[str]:
    """What is wrong with one `Message`, whose words are a string each, or a tuple of plural forms."""
    ids = message.id if isinstance(message.id, tuple) else (message.id,)
    said = message.string if isinstance(message.string, tuple) else (message.string,)
    if message.fuzzy:
        yield f"“{ids[0]}” is marked fuzzy."
    if not all(text and text.strip() for text in said):
        yield f"“{ids[0]}” is not translated."
        return
    known = set().union(*map(_placeholders, ids))
    for text in said:
        # A plural form may leave its number out (“two days” is a word of its own in Arabic), but invent nothing.
        odd = _placeholders(text) - known if len(ids) > 1 else _placeholders(text) ^ known
        if odd:
            yield f"“{ids[0]}” and its translation differ in {', '.join(sorted(odd))}."


def _placeholders(text: str) -> set[str]:
    return {found.group() for found in PLACEHOLDER.finditer(text)}
