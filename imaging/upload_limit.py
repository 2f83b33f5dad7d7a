"""No request brings more than so many bytes of files; what is beyond is neither kept nor read."""

from typing import Any

from django.core.files.uploadhandler import FileUploadHandler, SkipFile

MOST = 1 << 30  # bytes


class Limit(FileUploadHandler):
    """Counts what comes, before the handlers that keep it; `request.left_out` are the files that
    were too much, by their names."""

    taken = 0

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        if self.taken > MOST:
            self._leave_out()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self.taken += len(raw_data)
        if self.taken > MOST:
            self._leave_out()
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Leave it to the next handler."""

    def _leave_out(self) -> None:
        left_out: list[str] = self.request.__dict__.setdefault("left_out", [])
        left_out.append(self.file_name or "")
        raise SkipFile
