"""What the web server answers, counted: by names of routes, never by an address or a person.

Under gunicorn each worker counts in a file of its own in one folder (`surveillance/gunicorn.py`),
and whichever of them is asked adds up all.
"""

import os
from collections.abc import Callable
from http import HTTPMethod
from time import perf_counter

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.multiprocess import MultiProcessCollector

REQUESTS = Counter(
    "surveillance_requests",
    "Requests answered.",
    ["route", "method", "status"],
    registry=None,
)
SECONDS = Histogram(
    "surveillance_request_seconds",
    "From a request to the beginning of its answer.",
    ["route"],
    buckets=(0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
    registry=None,
)
IN_PROGRESS = Gauge(
    "surveillance_requests_in_progress",
    "Requests in hand, this one too.",
    registry=None,
    multiprocess_mode="livesum",
)


class CountingMiddleware:
    """Count each request that comes to it, whatever becomes of it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        began = perf_counter()
        with IN_PROGRESS.track_inprogress():
            response = self.get_response(request)
        # Whatever is in an address that leads nowhere, or in a made-up method, is nobody's label.
        route = request.resolver_match.view_name if request.resolver_match else "none"
        method = request.method if request.method in HTTPMethod.__members__ else "other"
        REQUESTS.labels(route, method, response.status_code).inc()
        SECONDS.labels(route).observe(perf_counter() - began)
        return response


def register_in(registry: CollectorRegistry) -> None:
    """Let `registry` tell what all workers have counted, or this process where it is alone."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        MultiProcessCollector(registry)
        return
    for one in (REQUESTS, SECONDS, IN_PROGRESS):
        registry.register(one)
