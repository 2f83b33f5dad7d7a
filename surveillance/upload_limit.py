"""How many bytes of files a page takes in one request; what is beyond is neither kept nor read."""

from typing import Any

from django.core.files.uploadhandler import FileUploadHandler, SkipFile

from patients.importing.reading import MOST_BYTES

MOST = {  # bytes, by the name of the address; all others take no file at all
    "upload": 1 << 30,
    "api-images-list": 1 << 30,
    "imports": MOST_BYTES,
}


class Limit(FileUploadHandler):
    """Counts what comes, before the handlers that keep it; `request.left_out` are the files that
    were too much, by their names."""

    taken = 0

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        if self.taken > self._most() or not self._most():
            self._leave_out()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self.taken += len(raw_data)
        if self.taken > self._most():
            self._leave_out()
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Leave it to the next handler."""

    def _most(self) -> int:
        """Return how much may be sent here; by who has not signed in, nothing."""
        request = self.request
        match = request.resolver_match if request and request.user.is_authenticated else None
        return MOST.get(match.view_name, 0) if match else 0

    def _leave_out(self) -> None:
        left_out: list[str] = self.request.__dict__.setdefault("left_out", [])
        left_out.append(self.file_name or "")
        raise SkipFile
