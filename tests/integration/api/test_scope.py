"""Whatever somebody is told, by whatever way, is of no other clinic's patients.

For people with random roles in some of several clinics, each of which has something on every list,
all is asked for that can be asked for: the API and FHIR are walked by their own tables, the pages
by that of test_role_matrix and by their links. Another way to be told is another of `SOURCES`.
"""

import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from random import Random
from typing import Any, NamedTuple
from zipfile import ZipFile, is_zipfile

import pytest
from bs4 import BeautifulSoup
from django.db import transaction
from django.test import Client
from django.urls import NoReverseMatch, reverse
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from rest_framework.throttling import UserRateThrottle

from patients.models import Clinic, Patient
from patients.queries import clinics_where_may
from reminders.models import Message
from schedules.actions import make_feed
from schedules.exports.tables import TABLES
from schedules.models import ExportTable, FileFormat, Study
from surveillance.accounts.models import User
from surveillance.accounts.roles import Act, Role
from surveillance.fhir.table import KINDS
from tests.browser.scene import busy_clinic
from tests.factories import MembershipFactory, UserFactory
from tests.integration.api.test_roles import actions_of
from tests.integration.pages.scene import signed_in
from tests.integration.test_role_matrix import RULES

pytestmark = pytest.mark.django_db

IN_CI = "CI" in os.environ
MANY = 3 if IN_CI else 1  # people, beside one who is always there
FEW = 6 if IN_CI else 3  # of a list's rows that are asked for one by one, and of strangers
CLINICS = 3
A_PAGE = 7  # rows

# How a patient is known: by number, name or id. Of each there is one in all clinics.
KNOWN_BY = re.compile(r"MRN-\d{6}|Family\d+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass
class World:
    """Some clinics, and to which of them each sign of a patient belongs."""

    clinics: list[Clinic]
    feeds: dict[Clinic, str]  # the secret of a calendar

    @cached_property
    def patients(self) -> list[Patient]:
        return list(Patient.objects.select_related("clinic").order_by("pk"))

    @cached_property
    def signs(self) -> dict[str, Clinic]:
        of = {
            sign: patient.clinic
            for patient in self.patients
            for sign in (patient.mrn, patient.family_name, str(patient.public_id))
        }
        studies = Study.objects.select_related("patient__clinic")
        of |= {str(study.public_id): study.patient.clinic for study in studies}
        messages = Message.objects.select_related("clinic")
        return of | {str(message.public_id): message.clinic for message in messages}


class Answer(NamedTuple):
    """What somebody was told at an address, and in which clinics they may be told of patients."""

    address: str
    text: str
    clinics: set[Clinic]


@dataclass
class Visitor:
    world: World
    user: User
    client: Client
    random: Random

    def some(self, of: list[Any]) -> list[Any]:
        return self.random.sample(of, min(FEW, len(of)))

    @cached_property
    def strangers(self) -> list[Patient]:
        """Some patients of clinics in which they have no role."""
        own = set(Clinic.objects.filter(memberships__user=self.user))
        return self.some([one for one in self.world.patients if one.clinic not in own])

    def ask(self, address: str, act: Act | None, told: Any = None) -> Answer:
        """Ask for an address, to which an act of theirs leads, or any role of theirs."""
        if told is None:
            answer: Any = self.client.get(address)
        else:
            answer = self.client.post(address, told)
        assert answer.status_code < 500, address
        holds = answer.getvalue()
        if act:
            clinics = clinics_where_may(self.user, act)
        else:
            clinics = Clinic.objects.filter(memberships__user=self.user)
        return Answer(address, text_of(holds), set(clinics))


def text_of(holds: bytes) -> str:
    if is_zipfile(BytesIO(holds)):  # a workbook
        with ZipFile(BytesIO(holds)) as archive:
            holds = b"\n".join(map(archive.read, archive.namelist()))
    return holds.decode()


def by_api(visitor: Visitor) -> Iterator[Answer]:
    """Every list to its end, some of its rows and some strangers' by their ids, and searches."""
    asked = [one for one in actions_of() if one[3] == "get"]
    ids: dict[str, list[str]] = {}
    for prefix, name, view, _, below, is_of_a_row in asked:
        if is_of_a_row:
            continue
        address: str | None = "/api/v1/" + below.lstrip("^")
        if "limit" in view.pagination_class.asked_by:
            address = f"{address}?limit={A_PAGE}"
        while address:
            answer = visitor.ask(address, view.acts[name])
            yield answer
            told = json.loads(answer.text)
            rows = told.get("results", ())
            ids.setdefault(prefix, []).extend(row["id"] for row in rows if "id" in row)
            address = told.get("next")
    of_strangers = Study.objects.filter(patient__in=visitor.strangers)
    there = [str(one.public_id) for one in visitor.strangers]
    there += [str(one.public_id) for one in of_strangers]
    for prefix, name, view, _, below, is_of_a_row in asked:
        if is_of_a_row:
            for one in (*visitor.some(ids.get(prefix, [])), *visitor.some(there)):
                place = below.lstrip("^").replace("{lookup}", one)
                yield visitor.ask(f"/api/v1/{place}", view.acts[name])
    for stranger in visitor.strangers:
        found = visitor.client.post(
            "/api/v1/patients/search/", json.dumps({"q": stranger.mrn}), "application/json"
        )
        yield Answer("/api/v1/patients/search/", text_of(found.content), set())


def by_fhir(visitor: Visitor) -> Iterator[Answer]:
    for name, kind in KINDS.items():
        address: str | None = f"/fhir/{name}?_count={A_PAGE}"
        while address:
            answer = visitor.ask(address, kind.act)
            yield answer
            links = {one["relation"]: one["url"] for one in json.loads(answer.text).get("link", ())}
            address = links.get("next")
    for stranger in visitor.strangers:
        yield visitor.ask(f"/fhir/Patient/{stranger.public_id}", Act.SEE_PATIENTS)
        yield visitor.ask(f"/fhir/CarePlan?patient={stranger.public_id}", Act.SEE_PATIENTS)


def by_pages(visitor: Visitor) -> Iterator[Answer]:
    """Every page that is of nothing in particular, and some that are linked from each."""
    linked: set[str] = set()
    for name, rule in RULES.items():
        if "GET" not in rule.verbs:
            continue
        for stranger in visitor.strangers[:1]:
            try:
                address = reverse(name, args=[stranger.public_id])
            except NoReverseMatch:
                break
            yield visitor.ask(address, rule.act)
        try:
            address = reverse(name)
        except NoReverseMatch:
            continue
        answer = visitor.ask(address, rule.act)
        yield answer
        links = BeautifulSoup(answer.text, "html.parser").select("main a[href^='/']")
        linked.update(*visitor.some([{str(one["href"]).partition("#")[0]} for one in links]))
    for link in sorted(linked):
        yield visitor.ask(link, None)


def by_exports(visitor: Visitor) -> Iterator[Answer]:
    for table in ExportTable:
        told = {
            "format": visitor.random.choice(FileFormat.values),
            "columns": [column.name for column in TABLES[table].columns],
        }
        yield visitor.ask(f"/exports/?table={table}", Act.EXPORT, told)


def by_calendars(visitor: Visitor) -> Iterator[Answer]:
    """They know no user: each is of its clinic."""
    for clinic, secret in visitor.world.feeds.items():
        yield visitor.ask(reverse("feed", args=[secret]), None)._replace(clinics={clinic})


SOURCES: tuple[Callable[[Visitor], Iterator[Answer]], ...] = (
    by_api,
    by_fhir,
    by_pages,
    by_exports,
    by_calendars,
)


def enter_world() -> World:
    clinics, feeds = [], {}
    for _ in range(CLINICS):
        clinic, users = busy_clinic()
        Clinic.objects.filter(pk=clinic.pk).update(calendars_tell=True)
        clinics.append(clinic)
        feeds[clinic] = make_feed(clinic=clinic, name="All", by=users[Role.ADMINISTRATOR])[1]
    return World(clinics, feeds)


def test_nobody_is_told_of_another_clinics_patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(UserRateThrottle, "THROTTLE_RATES", {"user": None})
    monkeypatch.setattr("schedules.views.feeds.MOST", 1_000_000)
    world = enter_world()
    role = st.sampled_from([None, *Role])

    @settings(
        max_examples=MANY,
        phases=[Phase.explicit, Phase.generate],  # to shrink a person would take minutes
        suppress_health_check=[HealthCheck.too_slow],
    )
    @example(roles=[Role.NURSE, None, Role.ADMINISTRATOR], random=Random(0))
    @given(
        roles=st.lists(role, min_size=CLINICS, max_size=CLINICS).filter(any),
        random=st.randoms(use_true_random=False),
    )
    def holds(roles: list[Role | None], random: Random) -> None:
        with transaction.atomic():
            user = UserFactory.create()
            for clinic, role in zip(world.clinics, roles, strict=True):
                if role:
                    MembershipFactory.create(clinic=clinic, user=user, role=role)
            told = set()
            leaked = []
            for source in SOURCES:
                for answer in source(Visitor(world, user, signed_in(user), random)):
                    asked = set(KNOWN_BY.findall(answer.address))
                    for sign in set(KNOWN_BY.findall(answer.text)) - asked:
                        if sign in world.signs and world.signs[sign] not in answer.clinics:
                            leaked.append((source.__name__, answer.address, sign))
                        told.add(sign)
            assert leaked == []
            seen = [patient for patient in world.patients if patient.mrn in told]
            for clinic, role in zip(world.clinics, roles, strict=True):
                if role in (Role.NURSE, Role.CLINICIAN):  # or this would hold of an empty page
                    assert {one for one in world.patients if one.clinic == clinic} <= set(seen)
            transaction.set_rollback(True)

    holds()
