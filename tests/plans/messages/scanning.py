"""Reads a mail as whoever gets hold of it could, and looks for clinical words."""

import email
import email.policy
import re

from plans.messages.clinical_terms import clinical_words
from plans.messages.links import link_of

TOKEN = re.compile(r"/p/([\w.-]+)/")


def clinical_words_of(content: bytes) -> dict[str, list[str]]:
    """The clinical words of a mail by where they stand: each header, each part, and what its links hold."""
    message = email.message_from_bytes(content, policy=email.policy.default)
    said = {name: str(value) for name, value in message.items()}
    language = said["Content-Language"]
    for number, part in enumerate(message.walk()):
        kind = part.get_content_type()
        said[f"head of part {number}"] = " ".join(
            f"{name} {value}" for name, value in part.items() if part is not message
        )
        if not part.is_multipart() and part.get_content_maintype() != "image":
            body = part.get_payload(decode=True)
            assert isinstance(body, bytes)
            text = body.decode()
            # A calendar's lines are folded: what is broken in two is one word all the same.
            said[f"{kind} {number}"] = re.sub(r"\r\n[ \t]", "", text)
    found = {place: clinical_words(TOKEN.sub(" ", text), language) for place, text in said.items()}
    tokens = {token for text in said.values() for token in TOKEN.findall(text)}
    found["links"] = [word for token in tokens for word in _words_in_link(token)]
    return {place: words for place, words in found.items() if words}


def _words_in_link(token: str) -> list[str]:
    """A token holds a letter, a key and two numbers, signed; anything else in it is told as it stands there."""
    link = link_of(token)
    if link is None or link.token != token:
        return [token]
    return clinical_words(f"{link.purpose.value} {link.key}")
