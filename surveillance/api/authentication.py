"""How programs sign in: by a token in the Authorization header."""

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from knox.auth import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed

from surveillance.accounts.models import User
from surveillance.api.models import Token


class ByToken(TokenAuthentication):  # type: ignore[misc]
    """As knox's, but each use is noted, and what is no text at all is refused as any other."""

    def authenticate_credentials(self, token: bytes) -> tuple[User, Token]:
        if not token.isascii():
            raise AuthenticationFailed
        user, kept = super().authenticate_credentials(token)
        kept.note_use()
        return user, kept


class ByTokenInWords(OpenApiAuthenticationExtension):
    """What the API's description says of it."""

    target_class = "surveillance.api.authentication.ByToken"
    name = "token"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Token …`, made on the page “Tokens”. It may do what its scopes and "
            "its owner’s roles both allow.",
        }
