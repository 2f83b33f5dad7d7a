"""Deciding on overdue exams as a clinician does it: by the form that the list opens."""

from datetime import date

from bs4 import Tag
from django.test import Client

from schedules.models import Slot
from tests.integration.pages.reading import Page

OVERDUE = "/worklists/overdue/"
DEFERRED = "/worklists/overdue/?show=deferred"


FORM = "form.decision"


def form_of(client: Client, slot: Slot, address: str = OVERDUE) -> Tag:
    """The form to which “Decide” leads at an exam on the list."""
    link = Page(client.get(address)).find(f"#slot-{slot.public_id} [data-opens]")
    return Page(client.get(str(link["href"]))).find(FORM)


def sent_by(form: Tag) -> dict[str, str]:
    """What a form sends as it stands."""
    told = {
        str(field["name"]): str(field.get("value", ""))
        for field in form.select("input:not([type=radio])")
    }
    chosen = form.select_one("input[type=radio][checked]")
    return told | ({str(chosen["name"]): str(chosen["value"])} if chosen else {})


def decide(
    client: Client, slot: Slot, decision: str, reason: str = "", until: date | None = None
) -> Page:
    """Fill in the form of the exam, and send it."""
    return send(client, form_of(client, slot), decision, reason, until)


def send(
    client: Client, form: Tag, decision: str, reason: str = "", until: date | None = None
) -> Page:
    told = sent_by(form) | {"decision": decision, "reason": reason}
    told["until"] = until.isoformat() if until else ""
    return Page(client.post(str(form["action"]), told, follow=True))


def days_late(slot: Slot) -> int:
    return (slot.patient.clinic.today() - slot.latest_on).days


def names(page: Page) -> list[str]:
    return [case["who"].split(" MRN")[0] for case in page.cases()]
