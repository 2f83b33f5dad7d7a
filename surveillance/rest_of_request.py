"""What a refused request still had to say is read, or its sender would not hear the refusal."""

from collections.abc import Callable
from contextlib import suppress

from django.http import HttpRequest, HttpResponse
from django.http.request import RawPostDataException

AT_ONCE = 1 << 16  # bytes


class ReadToTheEndMiddleware:
    """Read, and forget, what nobody read of the request's body.

    A server that closes a line with something unread in it resets that line, and a proxy that is
    still sending then answers 502 itself. The proxy says how much may be sent (docs/proxy).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        # Who has gone hears nothing; what was kept as a whole has been read.
        with suppress(OSError, RawPostDataException):
            while request.read(AT_ONCE):
                pass
        return response
