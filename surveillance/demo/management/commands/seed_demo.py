from argparse import ArgumentParser
from datetime import date, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from imaging.models import Arrangement, Peer
from patients.models import Clinic, Membership
from reminders.rules import give_defaults
from schedules.models import Protocol, Scanner
from schedules.rules.months import add_months
from surveillance.accounts.models import User
from surveillance.accounts.roles import Role
from surveillance.demo.cases import enter_case, published_cases
from surveillance.demo.cohort import enter_cohort

PASSWORD = "demo-only-password"  # noqa: S105 - printed at every start of the demo
LOGINS = {
    "nurse": ("Nora Nurse", Role.NURSE),
    "clinician": ("Clive Clinician", Role.CLINICIAN),
    "admin": ("Ada Admin", Role.ADMINISTRATOR),
    "auditor": ("Otto Auditor", Role.AUDITOR),
}


class Command(BaseCommand):
    help = "Enter the two published cases and a synthetic cohort, unless the demo is here already."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--patients", type=int, default=24, metavar="N")
        parser.add_argument("--seed", type=int, default=1, metavar="S")
        parser.add_argument("--today", type=date.fromisoformat, metavar="DATE")

    @transaction.atomic
    def handle(
        self, *args: Any, patients: int, seed: int, today: date | None, **options: Any
    ) -> None:
        if not Protocol.objects.exists():
            raise CommandError("No protocol is loaded yet: run load_protocols first.")
        if Clinic.objects.exists():
            self.stdout.write("There are clinics here already: nothing is entered.")
            return
        clinic = Clinic.objects.create(
            code="demo",
            name="Sarcoma clinic (demo)",
            time_zone="Europe/London",
            mrn_issuer="DEMO-HOSPITAL",
            booking_email="booking@demo.invalid",
            alert_email="clinicians@demo.invalid",
            country="GB",
            region="ENG",
            name_for_patients="Demo Hospital",
            phone="+44 1632 960000",  # kept free in the United Kingdom for what is invented
        )
        Scanner.objects.bulk_create(
            Scanner(
                clinic=clinic,
                name=f"CT {n + 1}",
                ae_title="DEMO_CT" if n == 0 else f"DEMO_CT{n + 1}",
            )
            for n in range(2 + patients // 200)
        )
        Peer.objects.create(
            clinic=clinic, ae_title="DEMO_CT", address="127.0.0.1", name="A scanner to try"
        )
        Arrangement.objects.create(clinic=clinic, settles_after=1)
        users = {name: self._user(name, clinic) for name in LOGINS}
        clinic.lead = users["clinician"]
        clinic.save()
        give_defaults([clinic])
        clinic.rules.update(digest=False, any_hour=True)  # who tries the demo waits for no morning
        today = today or clinic.today()
        for case in published_cases():
            enter_case(
                case,
                clinic=clinic,
                resected_on=add_months(today - timedelta(days=10), -case["last_month"]),
                by=users["clinician"],
            )
        enter_cohort(
            patients,
            seed=seed,
            today=today,
            clinic=clinic,
            nurse=users["nurse"],
            clinician=users["clinician"],
        )
        self.stdout.write(f"Entered the two published cases and {patients} invented patients.")

    def _user(self, name: str, clinic: Clinic) -> User:
        full_name, role = LOGINS[name]
        given, family = full_name.split()
        user = User.objects.create_user(
            name,
            email=f"{name}@demo.invalid",
            password=PASSWORD,
            first_name=given,
            last_name=family,
        )
        Membership.objects.create(user=user, clinic=clinic, role=role)
        return user
