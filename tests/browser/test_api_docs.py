"""A person makes a token and reads what a program can ask for, under the strict policy."""

from playwright.sync_api import expect

from surveillance.accounts.models import User
from surveillance.api.models import Token
from surveillance.audit.models import Event
from tests.browser.person import Person


def test_a_token_is_made_shown_once_and_revoked_and_the_description_opens(
    somebody: Person, nurse: User
) -> None:
    page = somebody.page
    somebody.is_signed_in_as(nurse)
    page.goto("/tokens/")
    page.get_by_label("Name").fill("ward dashboard")
    page.get_by_label("see patients").check()
    somebody.press("Make the token")

    text = page.locator("code.secret").inner_text()
    assert len(text) == 64
    answer = page.request.get("/api/v1/patients/", headers={"Authorization": f"Token {text}"})
    assert answer.ok
    page.goto("/tokens/")
    assert text not in page.content()

    page.get_by_role("link", name="What programs can ask for").click()
    operation = page.locator("#operations-patients-patients_list")
    expect(operation).to_be_visible()
    operation.get_by_role("button").first.click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    expect(operation.locator(".live-responses-table").get_by_text("200").first).to_be_visible()
    assert somebody.complaints == []

    page.goto("/tokens/")
    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("“ward dashboard” is revoked.")).to_be_visible()
    assert not Token.kept.exists()
    told = Event.objects.filter(act__startswith="token").order_by("pk")
    assert [event.act for event in told] == ["token.made", "token.revoked"]
