"""What beat asks for. A lost or a repeated task changes nothing: the work stands in PostgreSQL."""

from celery import shared_task
from django.utils import timezone

from reminders import actions, emergencies, reconciliation
from reminders.appointments.telling import tell
from reminders.models import Receiver


@shared_task
def sweep() -> None:
    actions.sweep()
    emergencies.tell_of_emergencies(timezone.now())  # whom the task below could not tell


@shared_task
def tell_of_emergencies() -> None:
    emergencies.tell_of_emergencies(timezone.now())


@shared_task
def reconcile() -> None:
    reconciliation.reconcile()


@shared_task
def tell_receivers() -> None:
    """Each receiver has a task of its own, so that one that hangs holds up no other."""
    for pk in Receiver.objects.filter(on=True).values_list("pk", flat=True):
        tell_receiver.delay(pk)


@shared_task
def tell_receiver(pk: int) -> None:
    if receiver := Receiver.objects.select_related("clinic").filter(pk=pk, on=True).first():
        tell(receiver)
