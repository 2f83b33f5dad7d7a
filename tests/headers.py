"""What every answer must tell the browser, whatever it is."""

from django.http import HttpResponseBase


def unguarded(answer: HttpResponseBase) -> list[str]:
    """Return what an answer's headers leave open."""
    headers = answer.headers
    policy = headers.get("Content-Security-Policy", "")
    parts = dict(part.strip().partition(" ")[::2] for part in policy.split(";"))
    strict = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    exactly = {
        "X-Frame-Options": "DENY",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    return [
        *(f"{name} {parts.get(name)}" for name in strict if parts.get(name) != strict[name]),
        *(f"{name}: {headers.get(name)}" for name in exactly if headers.get(name) != exactly[name]),
        *(["camera"] if "camera=()" not in headers.get("Permissions-Policy", "") else []),
        *(["any origin"] if "Access-Control-Allow-Origin" in headers else []),
    ]
