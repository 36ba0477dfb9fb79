"""`ETag` and `If-Match`: a change made on an older version of a row is refused.

The tag is the row's version, which a database trigger counts. A detail shows other rows too, and states that follow
from the date, so an equal tag does not promise an equal body: `If-None-Match` is not answered with 304.
"""

import re

from rest_framework.request import Request

from clinic.errors import Stale
from clinic.records import Record

_TAG = re.compile(r'\s*(?:W/)?"([^"]*)"\s*')


def etag(row: Record) -> str:
    """The tag of this row as it is."""
    return f'"{row.version}"'


def expected_versions(request: Request) -> frozenset[int] | None:
    """The versions that `If-Match` accepts; None without the header, and for `*`, which any version matches.

    A tag that was never ours matches nothing. Raises `Stale` for a header that is no list of quoted tags.
    """
    header = request.headers.get("If-Match")
    if header is None or header.strip() == "*":
        return None
    tags = [_TAG.fullmatch(part) for part in header.split(",")]
    if not all(tags):
        raise Stale('If-Match takes the ETag as it was sent, quotes included, such as "3".')
    return frozenset(int(tag[1]) for tag in tags if tag and tag[1].isascii() and tag[1].isdigit() and len(tag[1]) < 10)
