"""The same words as plain text."""

from collections.abc import Iterator

from plans.messages.render.words import Act, Paragraph, Words


def text_of(words: Words) -> str:
    """The mail for who reads no HTML: it says everything that the layout says, and each link has its label."""
    return "\n".join(_lines(words)) + "\n"


def _lines(words: Words) -> Iterator[str]:
    for paragraph in words.before:
        yield from (_line(paragraph), "")
    if words.when is not None:
        place = [words.when.line, words.place, words.address]
        if words.map_act is not None:
            place.append(f"{words.map_act.label}: {words.map_act.url}")
        yield from (f"    {line}" for line in place if line)
        yield ""
    for act in (words.main, *words.others):
        if act is not None:
            yield from (f"{act.label}:", act.url, "")
    for paragraph in words.after:
        yield from (_line(paragraph), "")
    if words.call:
        yield from (words.call, words.phone, "")
    if words.when is None:
        yield words.place
    if words.closing:
        yield words.closing
    if words.unsubscribe is not None:
        yield from ("", f"{words.unsubscribe.label}:", words.unsubscribe.url)


def _line(paragraph: Paragraph) -> str:
    return "".join(f"{part.label} ({part.url})" if isinstance(part, Act) else part for part in paragraph)
