"""The addresses of views."""

from typing import Any

from rest_framework.routers import SimpleRouter


class Router(SimpleRouter):
    """Routes by converters. A view whose rows have addresses of another form says it as `route`."""

    registry: list[tuple[str, Any, str]]

    def __init__(self) -> None:
        super().__init__(use_regex_path=False)

    def get_lookup_regex(self, viewset: Any, lookup_prefix: str = "") -> str:
        route: str = getattr(viewset, "route", "")
        return route or super().get_lookup_regex(viewset, lookup_prefix)
