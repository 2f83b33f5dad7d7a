"""What each row of a tracked table was, kept by triggers of PostgreSQL whoever changed it.

Events say what was meant; these say what was done. Both know the transaction that they stand in,
so a row that changed without an event changed around the application (ADR 0020).
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar, cast

import pghistory
from django.contrib.postgres.indexes import BrinIndex
from django.db import connection, models
from django.db.models import Func
from django.utils.translation import gettext_noop
from pghistory.core import event_models
from pghistory.models import Event as Snapshot

_M = TypeVar("_M", bound=models.Model)


class TransactionId(Func):
    """The number of the transaction; PostgreSQL begins anew with them when it is set up anew."""

    template = "pg_current_xact_id()::text::bigint"
    output_field = models.BigIntegerField()


class DatabaseSession(Func):
    """Who is connected, from where, by which program: what stands there when nobody says more."""

    template = (
        "left(concat_ws(' ', session_user, host(inet_client_addr()),"
        " nullif(current_setting('application_name'), '')), 200)"
    )
    output_field = models.CharField(max_length=200)


class History(Snapshot):
    """A row as it was put in, or as it was before it was changed or removed."""

    pgh_id = models.BigAutoField(primary_key=True)
    transaction = models.BigIntegerField(db_default=TransactionId(), editable=False)
    session = models.CharField(max_length=200, db_default=DatabaseSession(), editable=False)

    class Meta:
        abstract = True


def tracked(*, without: Iterable[str] = ()) -> Callable[[type[_M]], type[_M]]:
    """Let PostgreSQL keep what the rows of a model were, but for the fields `without`.

    What changes in these fields alone is not kept either.
    """
    track: Callable[[type[_M]], type[_M]] = pghistory.track(
        pghistory.InsertEvent(),
        pghistory.UpdateEvent(row=pghistory.Old),
        pghistory.DeleteEvent(),
        exclude=list(without),
        obj_field=pghistory.ObjForeignKey(db_index=True, related_name="+", related_query_name="+"),
        context_field=None,  # type: ignore[arg-type] # as its documentation says
        context_id_field=None,  # type: ignore[arg-type]
        base_model=History,
        meta={"indexes": [BrinIndex(fields=["pgh_created_at"])]},
    )
    return track


AROUND = gettext_noop(
    "at %(time)s UTC rows were changed around the application by %(session)s: %(rows)s"
)


@dataclass(frozen=True, slots=True)
class Around:
    """One transaction that changed rows, and of which no event tells."""

    at: datetime
    key: list[int]  # its number, and the moment: numbers come again in a restored database
    session: str
    rows: list[str]  # such as "patients_patient (3 update)"

    def __str__(self) -> str:
        return AROUND % {
            "time": f"{self.at:%H:%M}",
            "session": self.session,
            "rows": ", ".join(self.rows),
        }


_CHANGES = """
    SELECT transaction, pgh_created_at AS began, session,
        format('%s (%s %s)', '{table}', count(*), pgh_label) AS what
    FROM {history} GROUP BY transaction, began, session, pgh_label
"""
_AROUND = """
WITH explained AS MATERIALIZED (
    SELECT detail -> 'changes' AS keys FROM audit_event WHERE act = 'changes.explained'
), changes AS (
    SELECT *, jsonb_build_array(transaction, (extract(epoch FROM began) * 1000000)::bigint) AS key
    FROM ({changes}) rows
)
SELECT began, key, session, array_agg(what ORDER BY what) FROM changes
WHERE NOT EXISTS (
    SELECT FROM audit_event event
    WHERE event.transaction = changes.transaction AND event.began = changes.began
) AND NOT EXISTS (SELECT FROM explained WHERE keys @> jsonb_build_array(key))
GROUP BY began, key, session ORDER BY began, key
"""


def changed_around() -> list[Around]:
    """Return each transaction that changed tracked rows without an event, the first first.

    Those that somebody has explained are left out.
    """
    changes = "UNION ALL".join(
        _CHANGES.format(table=model.pgh_tracked_model._meta.db_table, history=model._meta.db_table)
        for model in cast(list[Any], event_models())
    )
    with connection.cursor() as cursor:
        cursor.execute(_AROUND.format(changes=changes))
        return [
            Around(at, json.loads(key), session, rows)
            for at, key, session, rows in cursor.fetchall()
        ]
