"""Every page that lists anything asks the database as often for many as for few, and stays small.

The pages come from the table of addresses that test_role_matrix holds complete: an address that
names nothing in particular lists what there is. So a new list is walked without being named here,
and it fails until there is something to list.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, reverse
from pytest_django import DjangoDbBlocker

from patients.models import EmergencyAccess
from patients.paging import PAGE_ROWS
from reminders.models import Hold, Message, MessageState
from schedules.actions import export, record_contact
from schedules.exports import asked as exported
from schedules.models import ContactOutcome, ExportTable, FileFormat, Job, JobKind
from surveillance.accounts.models import User
from surveillance.accounts.roles import MAY, Act, Role
from surveillance.accounts.sessions import BY_ITSELF
from surveillance.api.models import Token
from tests.browser.scene import enter_those_in_between
from tests.factories import ClinicFactory, MembershipFactory, ProtocolFactory, UserFactory
from tests.integration.pages.reading import Page
from tests.integration.pages.scene import (
    enter_patient_of_every_list,
    give_lists,
    moment,
    signed_in,
    slot_due_in,
    tell_of_all,
)
from tests.integration.test_role_matrix import RULES

pytestmark = pytest.mark.django_db  # or there is no database where this module runs alone

AT_FIRST, MORE = 2, 2  # two, so that there are several clinics to choose from at first
ROWS = "tbody tr, .case"
SMALL = 100_000  # bytes, without the stylesheets, which a browser keeps
LISTS = {"/worklists/results/": 2}  # that go on page by page, each by itself

# What has no rows, or as many as there are months and kinds.
NO_LISTS = {
    *("home", "mailbox", "register", "upload", "compare-protocols", "figures", "status"),
    *("account", "emergency"),
    *("account_change_password", "mfa_index", "mfa_activate_totp", "mfa_add_webauthn"),
}


class Asked(NamedTuple):
    role: Role
    address: str


@dataclass(frozen=True)
class Cost:
    """What one answer asked of the database, and what it came to."""

    statements: int
    size: int  # bytes
    rows: int


Costs = dict[Asked, tuple[Cost, Cost]]  # of few rows and of more


@pytest.fixture(scope="module")
def costs(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Costs:
    with django_db_blocker.unblock(), transaction.atomic():
        users = {role: UserFactory.create() for role in Role}
        enter_of_all(AT_FIRST, users)
        clients = {role: signed_in(user) for role, user in users.items()}
        asked = set(pages(clients))
        few = {page: cost(clients[page.role], page.address) for page in asked}
        enter_of_all(MORE, users)
        more = {page: cost(clients[page.role], page.address) for page in asked}
        transaction.set_rollback(True)
    return {page: (few[page], more[page]) for page in asked}


def enter_of_all(times: int, users: dict[Role, User]) -> None:
    """Enter so many more of all that is listed anywhere, each in a clinic of its own."""
    nurse, clinician = users[Role.NURSE], users[Role.CLINICIAN]
    administrator = users[Role.ADMINISTRATOR]
    for _ in range(times):
        clinic = ClinicFactory.create()
        for role, user in users.items():
            MembershipFactory.create(clinic=clinic, user=user, role=role)
        protocol = ProtocolFactory.create(code=clinic.code)
        enter_patient_of_every_list(clinic, nurse, clinician)
        enter_those_in_between(clinic, clinician)
        slot_due_in(-30, clinic)
        record_contact(
            slot=slot_due_in(2, clinic),
            outcome=ContactOutcome.NO_ANSWER,
            snooze_until=clinic.today() + timedelta(days=5),
            by=nurse,
        )
        whole = exported.Asked(
            table=ExportTable.SCHEDULES,
            file_format=FileFormat.CSV,
            clinics=(clinic.code,),
            columns=("mrn",),
        )
        export(asked=whole, clinics=[clinic], by=administrator, keep=list)
        give_lists(clinic, administrator)
        EmergencyAccess.objects.create(
            by=UserFactory.create(),
            patient=slot_due_in(-10, clinic).patient,
            reason="Bleeding, and nobody knows what was resected",
            at=moment(clinic, -1),
            until=moment(clinic, 1),
        )
        told = {"code": protocol.code, "version": protocol.version}
        for user in users.values():
            Job.objects.create(kind=JobKind.TAKE_OVER, by=user, parameters=told, total=1)
            Token.kept.create(
                user=user,
                digest=f"{clinic.code} {user.pk}",
                token_key="x",
                name=f"For {clinic.code}",
                acts=[Act.SEE_STATUS],
                expiry=moment(clinic, 30),
            )
        hold = Hold.objects.create(clinic=clinic, at=moment(clinic, 0), lines=300, usual=200)
        for state in MessageState:
            Message.objects.create(
                clinic=clinic,
                state=state,
                hold=hold,
                queued_at=moment(clinic, 0),
                next_try_at=moment(clinic, 9),
            )
    tell_of_all(clinic)


def pages(clients: dict[Role, Client]) -> Iterator[Asked]:
    """Give every page that is of nothing in particular, and its tabs, for each who may see it."""
    for name, rule in RULES.items():
        try:
            address = reverse(name)
        except NoReverseMatch:  # it is a page of one patient, one study, one clinic …
            continue
        if "GET" not in rule.verbs or rule.is_a_file or rule.led_to:
            continue
        for role in MAY[rule.act] if rule.act else Role:
            yield Asked(role, address)
            for link in Page(clients[role].get(address)).document.select("main nav a[href]"):
                if str(link["href"]).startswith(f"{address}?"):
                    yield Asked(role, str(link["href"]))


def cost(client: Client, address: str) -> Cost:
    with CaptureQueriesContext(connection) as captured:
        # By itself: no use of the session to note, which would come once a minute and cost more.
        answer = client.get(address, headers={BY_ITSELF: "true"})
    rows = len(Page(answer).document.select(ROWS))
    return Cost(len(captured), len(answer.content), rows)


def test_there_is_more_to_list_on_each(costs: Costs) -> None:
    same = {asked.address for asked, (few, more) in costs.items() if few.rows == more.rows}

    # Of the audit it is the latest fifty, of which there may be as many before.
    audits = {reverse("audit"), reverse("audit", query={"show": "looks"})}
    assert same - audits == {reverse(name) for name in NO_LISTS}


def test_no_page_asks_the_database_more_often_for_more(costs: Costs) -> None:
    at_first, later = (
        {asked: cost[which].statements for asked, cost in costs.items()} for which in (0, 1)
    )

    assert at_first == later


def test_a_full_page_is_small_enough_for_a_slow_line(costs: Costs) -> None:
    """What fifty rows come to follows from what each of a few adds."""
    full = {}
    for (_, address), (few, more) in costs.items():
        full[address] = more.size
        if more.rows > few.rows:
            of_a_row = (more.size - few.size) / (more.rows - few.rows)
            rows = PAGE_ROWS * LISTS.get(address, 1)
            full[address] += round(of_a_row * max(0, rows - more.rows))

    assert {address: size for address, size in full.items() if size > SMALL} == {}
