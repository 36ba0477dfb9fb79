"""JSON as clients may send it: UTF-8, no numbers or characters that PostgreSQL cannot hold."""

import json
import math
from collections.abc import Iterator, Mapping
from typing import IO, Any

from rest_framework.exceptions import ErrorDetail, ParseError, ValidationError
from rest_framework.parsers import JSONParser
from rest_framework.settings import api_settings


class JsonParser(JSONParser):
    """Answers 400 for what is not JSON, and for text with NUL or half a surrogate pair, naming where."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        raw: bytes = stream.read()
        try:
            data = json.loads(raw.decode("utf-8"), parse_constant=_refuse_constant, parse_float=_finite)
        except RecursionError:
            raise ParseError("JSON parse error - nested too deeply.") from None
        except ValueError as error:
            raise ParseError(f"JSON parse error - {error}") from None
        if b"\\u" in raw:  # the only way to write such a character: raw control characters are no JSON
            check_text(data)
        return data


def check_text(data: object) -> None:
    """Refuse text that PostgreSQL cannot hold anywhere in `data`, naming each place."""
    wrong = {path or str(api_settings.NON_FIELD_ERRORS_KEY): _REFUSED for path in _unstorable(data, "")}
    if wrong:
        raise ValidationError(wrong)


def is_storable(text: str) -> bool:
    """Whether PostgreSQL can hold `text`: no NUL, no half of a surrogate pair."""
    return "\x00" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def printable(text: str) -> str:
    """`text` with what is not storable written out, so that an answer can name it."""
    return text.replace("\x00", "\\0").encode("utf-8", "backslashreplace").decode()


_REFUSED = [ErrorDetail("This text contains a character that cannot be stored.", "null_characters_not_allowed")]


def _unstorable(value: object, path: str) -> Iterator[str]:
    if isinstance(value, str):
        if not is_storable(value):
            yield path
    elif isinstance(value, dict):
        for key, inner in value.items():
            if not is_storable(key):
                yield path
            else:
                yield from _unstorable(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _unstorable(inner, f"{path}.{index}" if path else str(index))


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{digits[:30]} is out of range")
    return number
