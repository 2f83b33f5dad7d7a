"""Reading SMS_URL: what it may say, and what it is told when it does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminders.channels.sms_url import Twilio, Webhook, sms_gateway


def test_an_empty_address_is_no_gateway() -> None:
    assert sms_gateway("") is None


@pytest.mark.parametrize(
    ("url", "gateway"),
    [
        (
            "webhook+https://:secret@sms.example.org:8443/send?house=1",
            Webhook("https://sms.example.org:8443/send?house=1", "secret"),
        ),
        (
            "webhook+https://:p%40ss%2Fword@sms.example.org/",
            Webhook("https://sms.example.org/", "p@ss/word"),
        ),
        ("webhook+http://:secret@localhost:8080/", Webhook("http://localhost:8080/", "secret")),
        ("webhook+http://:secret@[::1]:8080/", Webhook("http://[::1]:8080/", "secret")),
        ("twilio://AC1:token@/?from=+815000000000", Twilio("AC1", "token", "+815000000000")),
        ("twilio://AC1:token@/?from=%2B815000000000", Twilio("AC1", "token", "+815000000000")),
        ("twilio://AC1:token@?from=MG123", Twilio("AC1", "token", "MG123")),
    ],
)
def test_what_an_address_says(url: str, gateway: Webhook | Twilio) -> None:
    assert sms_gateway(url) == gateway


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("https://:hush@sms.example.org/", "must begin with twilio:// or webhook"),
        ("AC1:hush", "must begin with twilio:// or webhook"),
        ("webhook+http://:hush@sms.example.org/", "http is for this machine alone"),
        ("webhook+http://:hush@localhost.example.org/", "http is for this machine alone"),
        ("webhook+https://sms.example.org/", "must hold a secret"),
        ("webhook+https://:hush@/send", "must hold a secret and a host"),
        ("webhook+https://us:hush@sms.example.org/", "needs none"),
        ("webhook+https://:hush@sms.example.org:port/", "is no address"),
        ("webhook+https://:hush@[sms/", "is no address"),
        ("twilio://AC1:hush@/", "must be twilio://SID:TOKEN@/"),
        ("twilio://AC1@/?from=+815000000000", "must be twilio://SID:TOKEN@/"),
        ("twilio://AC1:hush@api.twilio.com/?from=+815000000000", "must be twilio://SID:TOKEN@/"),
    ],
)
def test_an_address_that_is_none_says_how_to_mend_it_and_keeps_the_secret(
    url: str, hint: str
) -> None:
    with pytest.raises(ValueError, match=hint) as error:
        sms_gateway(url)
    assert "hush" not in str(error.value)


@given(st.text())
def test_any_text_is_a_gateway_or_a_hint(text: str) -> None:
    for url in (text, f"twilio://{text}", f"webhook+https://{text}"):
        hint = ""
        try:
            sms_gateway(url)
        except ValueError as error:
            hint = str(error)
        assert not hint or hint.endswith(".")


def test_what_is_printed_holds_no_secret() -> None:
    for url in ("webhook+https://:hush@x.org/", "twilio://AC1:hush@/?from=+815000000000"):
        assert "hush" not in repr(sms_gateway(url))
