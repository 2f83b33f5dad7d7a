"""What every answer tells the browser, also one that no view has made: an error, or a file."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

# Of what a browser could let a page do, what none of ours needs.
_NOT_NEEDED = (
    "accelerometer",
    "autoplay",
    "browsing-topics",
    "camera",
    "display-capture",
    "encrypted-media",
    "geolocation",
    "gyroscope",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "screen-wake-lock",
    "serial",
    "usb",
    "xr-spatial-tracking",
)
HEADERS = {
    "Permissions-Policy": ", ".join(f"{name}=()" for name in _NOT_NEEDED),
    "Cross-Origin-Resource-Policy": "same-origin",
}


class HeadersMiddleware:
    """Forbid what no page needs, and other sites to embed anything of ours."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response
