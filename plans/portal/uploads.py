"""Pictures on their way in: what is too much is left out while it is read, and the answers beside it arrive."""

from typing import Any

from django.core.files.uploadhandler import FileUploadHandler, SkipFile, StopUpload
from django.http import HttpRequest

from clinic.images import MOST_BYTES


class PictureUpload(FileUploadHandler):
    """Lets `most` files of 10 MB through; nothing after one too many is read. A form's fields come before them."""

    def __init__(self, request: HttpRequest, most: int) -> None:
        super().__init__(request)
        self.most, self.number = most, 0
        self.too_large: list[str] = []
        """The names of those that were left out for their size."""

    @property
    def is_too_many(self) -> bool:
        return self.number > self.most

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.number += 1
        if self.is_too_many:
            raise StopUpload

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        if start + len(raw_data) > MOST_BYTES:
            self.too_large.append(self.file_name or "")
            raise SkipFile
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """The next handler makes the file."""
