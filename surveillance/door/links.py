"""The link by which somebody who was invited sets a password: signed, and kept nowhere.

What is signed are the password, the last sign-in, the address and the moment of the invitation:
each of them that changes ends the link.
"""

from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.db.models import QuerySet
from django.urls import reverse

from surveillance.accounts.models import User

LINK = "link"  # behind the ? of the address, and then in the session


class _Tokens(PasswordResetTokenGenerator):
    key_salt = "surveillance.door.links"

    def _make_hash_value(self, user: AbstractBaseUser, timestamp: int) -> str:
        assert isinstance(user, User)
        invited = user.invited_at and user.invited_at.timestamp()
        return f"{super()._make_hash_value(user, timestamp)} {invited}"


_tokens = _Tokens()


def link_for(user: User) -> str:
    """Return the address that lets this person set a password."""
    secret = urlencode({LINK: f"{user.public_id}.{_tokens.make_token(user)}"})
    return f"{settings.SITE_URL}{reverse('set-password')}?{secret}"


def invited_by(link: str, among: QuerySet[User]) -> User | None:
    """Return whom a link still invites: nobody if it is forged, used, too old or not the last."""
    public_id, _, token = link.partition(".")
    try:
        user = among.filter(public_id=UUID(public_id), is_active=True).first()
    except ValueError:
        return None
    return user if user and user.invited_at and _tokens.check_token(user, token) else None
