"""Makes previous.dump.xz and previous.json anew: the demo's data as this release keeps it.

To be run on the commit of a release: python -m tests.integration.upgrades. All in it is invented.
"""

import json
import lzma
import os
import subprocess
import tempfile
from contextlib import suppress
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

from surveillance.embedded import environment
from tests.integration.upgrades.previous import DUMP, TOLD

PAGES = ("/", "/patients/", "/worklists/to-book/", "/worklists/booked/", "/worklists/overdue/")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, environment(Path(folder), throwaway=True):
        os.environ["DJANGO_SETTINGS_MODULE"] = "surveillance.settings"
        import django

        django.setup()
        _live()
        _write(Path(folder) / "dump")


def _live() -> None:
    """A clinic at work, whose first day of audit is sealed."""
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection
    from django.test import Client

    from surveillance.accounts.models import User
    from surveillance.audit.models import Seal
    from surveillance.tasks import seal_audit

    call_command("migrate", verbosity=0)
    call_command("load_protocols", verbosity=0, stdout=StringIO())
    call_command("seed_demo", patients=12, stdout=StringIO())
    call_command("sweep", stdout=StringIO())
    settings.ALLOWED_HOSTS = ["*"]
    for user in User.objects.order_by("pk"):
        client = Client()
        client.force_login(user)
        for page in PAGES:
            client.get(page)
    with connection.cursor() as cursor:
        for table in ("audit_event", "audit_look"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            cursor.execute(f"UPDATE {table} SET day = day - 3")
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    seal_audit()
    assert Seal.objects.exists()


def _write(path: Path) -> None:
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.recorder import MigrationRecorder

    from surveillance.embedded.wheels import postgres_programs

    on = datetime.now(UTC).date()
    net = StringIO()
    with suppress(SystemExit):  # somebody is on it, as there should be
        call_command("safety_net", on=on, json=True, stdout=net)
    applied = [".".join(key) for key in MigrationRecorder(connection).applied_migrations()]
    told = {"on": str(on), "safety_net": json.loads(net.getvalue()), "migrations": sorted(applied)}
    TOLD.write_text(json.dumps(told, indent=1) + "\n")

    at = connection.settings_dict
    address = {"PGHOST": at["HOST"], "PGPORT": str(at["PORT"]), "PGUSER": at["USER"]}
    subprocess.run(
        [postgres_programs() / "pg_dump", "--format=custom", "--compress=0", f"--file={path}"],
        env={**os.environ, **address, "PGPASSWORD": at["PASSWORD"], "PGDATABASE": at["NAME"]},
        check=True,
    )
    DUMP.write_bytes(lzma.compress(path.read_bytes(), preset=9))


if __name__ == "__main__":
    main()
