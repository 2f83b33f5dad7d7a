from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from patients.models import Membership, Patient
from surveillance.accounts.roles import MAY, Act
from surveillance.erasure import Reason, erase


class Command(BaseCommand):
    help = (
        "Erase all that identifies a patient whose follow-up has ended; the audit goes on to tell"
        " who saw that record. To be run as the owner of the tables, as migrate is."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("mrn")
        parser.add_argument("--clinic", required=True, metavar="CODE")
        parser.add_argument("--reason", required=True, choices=[*Reason])
        parser.add_argument(
            "--by", required=True, metavar="USERNAME", help="an administrator of that clinic"
        )
        parser.add_argument("--confirmed", metavar="MRN", help="instead of typing it once more")

    def handle(
        self,
        *args: Any,
        mrn: str,
        clinic: str,
        reason: str,
        by: str,
        confirmed: str | None,
        **options: Any,
    ) -> None:
        patient = Patient.objects.filter(mrn=mrn, clinic__code=clinic).first()
        if patient is None:
            raise CommandError(f"The clinic {clinic} has no patient with that record number.")
        members = Membership.objects.filter(clinic=patient.clinic, role__in=MAY[Act.KEEP_CLINIC])
        member = members.filter(user__username=by, user__is_active=True).first()
        if member is None:
            raise CommandError(f"“{by}” is no administrator of the clinic {clinic}.")
        record = patient.public_id
        asked = f"Nothing brings the record {record} back. Type its record number again: "
        if (input(asked) if confirmed is None else confirmed) != mrn:
            raise CommandError("That is another number: nothing was erased.")
        try:
            erase(patient=patient, reason=Reason(reason), by=member.user)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(f"Erased the record {record}. The audit still tells who saw it.")
