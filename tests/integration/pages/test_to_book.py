"""The list of what is to be booked: its order, filters, pages, saved views, and search."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from patients.models import Clinic, Patient, Tumour
from schedules.actions import break_off
from schedules.models import Booking, SavedView, Scanner, Slot
from surveillance.accounts.models import User
from surveillance.accounts.roles import Role
from surveillance.audit.models import Event
from tests.factories import BookingFactory, ClinicFactory, MembershipFactory
from tests.integration.pages.reading import Page, text_of
from tests.integration.pages.scene import member, signed_in, slot_due_in

pytestmark = pytest.mark.django_db

TO_BOOK = "/worklists/to-book/"


def listed(page: Page) -> list[str]:
    """The patients on the list, in its order."""
    return [text_of(link) for link in page.document.select(".to-book td:first-child a")]


def names(*slots: Slot) -> list[str]:
    return [str(slot.patient) for slot in slots]


def rename(slot: Slot, family: str, given: str = "Given") -> Slot:
    Patient.objects.filter(pk=slot.patient.pk).update(family_name=family, given_name=given)
    return slot


def search(client: Client, q: str) -> Page:
    return Page(client.post(TO_BOOK, {"q": q}))


# --- order, filters, pages


def test_the_most_urgent_stand_first(nurse_client: Client, clinic: Clinic) -> None:
    soon, late, later = (slot_due_in(days, clinic) for days in (-5, -30, 10))

    assert listed(Page(nurse_client.get(TO_BOOK))) == names(late, soon, later)


def test_what_is_due_within_some_days_is_shown(nurse_client: Client, clinic: Clinic) -> None:
    soon, late = slot_due_in(5, clinic), slot_due_in(-30, clinic)
    slot_due_in(20, clinic)

    assert listed(Page(nurse_client.get(TO_BOOK, {"within": "8"}))) == names(late, soon)


def test_the_list_can_be_filtered_by_site_protocol_and_contrast(
    nurse_client: Client, clinic: Clinic
) -> None:
    femur, thigh = slot_due_in(0, clinic), slot_due_in(1, clinic)
    tumour = thigh.schedule.tumour
    tumour.site = "right thigh"
    tumour.save()
    Slot.objects.filter(pk=thigh.pk).update(exam="CT chest+abdomen without contrast")

    for asked, found in (
        ({"site": "THIGH"}, [thigh]),
        ({"contrast": "without"}, [thigh]),
        ({"contrast": "unspecified"}, [femur]),
        ({"contrast": "with"}, []),
        ({"protocol": "ct-chest-abdomen-3m"}, [femur, thigh]),
    ):
        assert listed(Page(nurse_client.get(TO_BOOK, asked))) == names(*found), asked


def test_a_site_is_found_as_it_is_read_too(nurse_client: Client, clinic: Clinic) -> None:
    femur, thigh = slot_due_in(0, clinic), slot_due_in(1, clinic)
    Tumour.objects.filter(pk=femur.schedule.tumour_id).update(site="Left distal femur")
    Tumour.objects.filter(pk=thigh.schedule.tumour_id).update(site="右大腿、膝の上")
    nurse_client.post("/language/", {"language": "ja"})

    for typed, found in (("大腿骨遠位", {femur}), ("大腿", {femur, thigh}), ("FEMUR", {femur})):
        page = Page(nurse_client.get(TO_BOOK, {"site": typed}))
        of = {f"{one.patient.family_name} {one.patient.given_name}" for one in found}
        assert set(listed(page)) == of, typed


def test_who_books_for_two_clinics_can_look_at_one(clinic: Clinic) -> None:
    nurse = member(clinic, Role.NURSE)
    other = MembershipFactory.create(user=nurse, role=Role.NURSE).clinic
    slot_due_in(0, clinic)
    theirs = slot_due_in(0, other)

    page = Page(signed_in(nurse).get(TO_BOOK, {"clinic": other.code}))

    assert listed(page) == names(theirs)


def test_another_clinic_is_no_choice_of_a_filter(nurse_client: Client, clinic: Clinic) -> None:
    nurse = member(clinic, Role.NURSE)
    MembershipFactory.create(user=nurse, role=Role.NURSE)
    elsewhere = ClinicFactory.create()

    page = Page(signed_in(nurse).get(TO_BOOK, {"clinic": elsewhere.code}))

    assert "not one of the available choices" in page.error_beside("clinic")
    assert listed(page) == []


def test_a_filter_that_makes_no_sense_is_refused_beside_its_field(
    nurse_client: Client, open_slot: Slot
) -> None:
    page = Page(nurse_client.get(TO_BOOK, {"within": "soon"}))

    assert page.error_beside("within") == "Enter a whole number."
    assert page.error_summary == ["Due within days: Enter a whole number."]


def test_the_filters_stay_on_the_way_to_a_booking_and_back(
    nurse_client: Client, open_slot: Slot, scanner: Scanner
) -> None:
    page = Page(nurse_client.get(TO_BOOK, {"within": "30", "nonsense": "1"}))
    book = page.link(f"Book {open_slot.patient}")
    assert book == f"/slots/{open_slot.public_id}/book/?within=30"

    choice = Page(nurse_client.get(book)).find("button[name=choice]")["value"]
    answer = nurse_client.post(book, {"choice": choice})

    assert answer.headers["Location"] == f"{TO_BOOK}?within=30"
    made = Booking.objects.get()
    undo = Page(nurse_client.get(answer.headers["Location"])).find(".undo form")["action"]
    assert undo == f"/bookings/{made.public_id}/undo/?within=30"


def test_fifty_come_a_page_and_the_next_goes_on_where_it_ended(
    nurse_client: Client, clinic: Clinic
) -> None:
    slot = slot_due_in(0, clinic)
    for n in range(2, 53):
        slot.pk, slot.n = None, 100 + n
        slot.public_id = type(slot)().public_id
        slot._state.adding = True
        slot.save()

    first = Page(nurse_client.get(TO_BOOK))
    second = Page(nurse_client.get(first.link("Next 50")))

    assert len(first.table()) == 50
    assert len(second.table()) == 2
    assert {row["Exam"] for row in first.table()}.isdisjoint(row["Exam"] for row in second.table())
    assert second.link("To the beginning") == TO_BOOK
    found = nurse_client.post(
        str(second.find("form[role=search]")["action"]), {"q": slot.patient.mrn}
    )
    assert len(Page(found).table()) == 50  # a search looks from the beginning


# --- saved views

SOON = f"{TO_BOOK}?within=14&order=due"


def send_view(client: Client, page: Page, **told: str) -> Page:
    """Send the form that names the filters in use, or what is in it."""
    return Page(client.post(str(page.find(".view-form")["action"]), told, follow=True))


def tabs(page: Page) -> dict[str, str]:
    """The saved views that are offered, each with where it leads."""
    links = page.document.select("nav[aria-label='Saved views'] a")
    return {text_of(link): str(link["href"]) for link in links}


def test_filters_are_saved_under_a_name_renamed_and_deleted(
    nurse_client: Client, nurse: User
) -> None:
    assert Page(nurse_client.get(TO_BOOK)).document.select(".view-form") == []
    asked = f"{SOON}&on=2026-06-01&show=snoozed"

    saved = send_view(nurse_client, Page(nurse_client.get(asked)), name=" Within 14 days ")

    assert saved.messages == ["The view “Within 14 days” is saved."]
    assert saved.text("h1") == "Snoozed"
    assert tabs(Page(nurse_client.get(TO_BOOK))) == {"Within 14 days": SOON}
    seen = Page(nurse_client.get(SOON))
    assert text_of(seen.find("nav a[aria-current=true]")) == "Within 14 days"
    renamed = send_view(nurse_client, seen, name="Two weeks")
    assert tabs(renamed) == {"Two weeks": SOON}
    deleted = send_view(nurse_client, renamed, then="delete")
    assert deleted.messages == ["The view “Two weeks” is deleted."]
    assert tabs(deleted) == {}
    assert deleted.find("[name=within]")["value"] == "14"
    acts = list(Event.objects.order_by("id").values_list("act", "by_id"))
    assert acts == [(f"view.{act}", nurse.public_id) for act in ("saved", "renamed", "deleted")]


def test_a_saved_view_is_seen_by_its_person_alone(nurse_client: Client, clinic: Clinic) -> None:
    send_view(nurse_client, Page(nurse_client.get(SOON)), name="Soon")
    [view] = SavedView.objects.all()
    other = signed_in(member(clinic, Role.NURSE))

    assert tabs(Page(other.get(SOON))) == {}
    assert other.post(f"{TO_BOOK}views/{view.public_id}/", {"then": "delete"}).status_code == 404
    assert send_view(other, Page(other.get(SOON)), name="Soon").messages
    assert SavedView.objects.count() == 2


@pytest.mark.parametrize(
    ("name", "error"),
    [("Soon", "You have a view “Soon” already."), (" ", "This field is required.")],
)
def test_a_view_needs_a_name_of_its_own(nurse_client: Client, name: str, error: str) -> None:
    for address, called in ((SOON, "Soon"), (f"{TO_BOOK}?within=7", "Week")):
        send_view(nurse_client, Page(nurse_client.get(address)), name=called)

    for address in (f"{TO_BOOK}?within=3", f"{TO_BOOK}?within=7"):
        page = send_view(nurse_client, Page(nurse_client.get(address)), name=name)

        assert page.error_summary == [f"Name of this view: {error}"]
        assert page.error_beside("name") == error
        assert str(page.find("[name=name]").get("value", "")).strip() == name.strip()
        assert page.find(".filter-form")["action"] == TO_BOOK
    assert set(SavedView.objects.values_list("name", flat=True)) == {"Soon", "Week"}


def test_whom_one_searches_for_is_never_saved(nurse_client: Client, open_slot: Slot) -> None:
    found = Page(nurse_client.post(f"{TO_BOOK}?within=90", {"q": open_slot.patient.family_name}))

    send_view(nurse_client, found, name="Soon", q=open_slot.patient.family_name)

    assert SavedView.objects.get().query == "within=90"


# --- search


@pytest.mark.parametrize(
    ("family", "q"),
    [
        ("Müller", "muller"),
        ("Muller", "Müll"),
        ("Strauß", "STRAUSS"),
        ("Østergård", "ostergard"),
        ("さとう", "サトウ"),
        ("ガーランド", "ｶﾞｰﾗ"),
        ("ガーランド", "がーら"),
        ("佐藤", "佐"),
        ("Yamada", "ｙａｍａ"),
        ("De la Cruz", "given DE"),
    ],
)
def test_a_name_is_found_however_it_is_written(
    nurse_client: Client, clinic: Clinic, family: str, q: str
) -> None:
    meant = rename(slot_due_in(0, clinic), family)
    rename(slot_due_in(0, clinic), "Other", "Else")

    assert listed(search(nurse_client, q)) == [f"{family}, Given"]
    assert meant.patient.mrn not in search(nurse_client, "Other").text()


def test_a_record_number_is_found_in_any_width(nurse_client: Client, clinic: Clinic) -> None:
    slot = slot_due_in(0, clinic)
    slot_due_in(0, clinic)
    wide = slot.patient.mrn.translate({ord(d): ord(d) + 0xFEE0 for d in "0123456789"})

    assert listed(search(nurse_client, wide.lower())) == names(slot)


@pytest.mark.parametrize("q", ["%", "_", "Nobody"])
def test_what_nobody_is_called_finds_nobody_and_says_so(
    nurse_client: Client, open_slot: Slot, q: str
) -> None:
    page = search(nurse_client, q)

    assert listed(page) == []
    assert f"starts with “{q}”" in page.text(".empty")


# --- in place


def test_htmx_gets_the_row_alone_whose_forms_lead_back_to_it(
    nurse_client: Client, open_slot: Slot, scanner: Scanner
) -> None:
    for page in ("book", "contact"):
        address = f"/slots/{open_slot.public_id}/{page}/?within=30"

        part = Page(nurse_client.get(address, headers={"HX-Request": "true"}))

        [row] = part.document.find_all(recursive=False)
        assert (row.name, row["class"]) == ("tr", ["in-place"])
        assert {form["action"] for form in row.select("form")} == {address}
        assert part.link("Close") == f"{TO_BOOK}?within=30"
        assert part.document.select("h1") == []
        assert Page(nurse_client.get(address)).link("Back to the list") == part.link("Close")


def test_htmx_gets_the_list_alone_in_answer_to_what_a_row_has_sent(
    nurse_client: Client, open_slot: Slot, scanner: Scanner
) -> None:
    address = f"/slots/{open_slot.public_id}/book/"
    choice = Page(nurse_client.get(address)).find("button[name=choice]")["value"]

    answer = nurse_client.post(
        address, {"choice": choice}, headers={"HX-Request": "true"}, follow=True
    )

    assert answer.headers["HX-Retarget"] == "#list"
    part = Page(answer)
    assert [tag.get("id") for tag in part.document.find_all(recursive=False)] == [
        None,  # the title
        "list",
        "said",
    ]
    assert part.text("#said").startswith(f"{open_slot.patient} is booked for")


def test_what_was_broken_off_at_the_scanner_is_to_be_booked_again_and_says_why(
    nurse_client: Client, clinic: Clinic
) -> None:
    booking = BookingFactory.create(
        slot=slot_due_in(5, clinic), starts_at=timezone.now() + timedelta(minutes=5), at=None
    )
    assert listed(Page(nurse_client.get(TO_BOOK))) == []
    break_off(booking=booking, because="Equipment failure", by="CT1")

    page = Page(nurse_client.get(TO_BOOK))
    assert listed(page) == names(booking.slot)
    assert "Broken off Equipment failure" in page.text(".to-book")
