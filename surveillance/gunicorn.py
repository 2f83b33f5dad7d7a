"""What gunicorn is told of the log: `gunicorn --config python:surveillance.gunicorn`.

Its access log stays off: it would hold whole addresses. `surveillance.request_log` has a line for
each request.
"""

from surveillance.settings import LOGGING as logconfig_dict  # noqa: F401, N811 # its name for it
