"""What beat asks for. A lost or a repeated task changes nothing: the work stands in PostgreSQL."""

from celery import shared_task

from reminders import actions, reconciliation


@shared_task
def sweep() -> None:
    actions.sweep()


@shared_task
def reconcile() -> None:
    reconciliation.reconcile()
