"""Lints the migrations that no release has had yet: python -m tests.integration.upgrades.lint.

They must hold nobody up for long, and leave the previous release's code at work. The linter reads
the SQL of each; what it objects to has to be split over two releases, or excused in previous.py.
"""

import logging
import os
import sys
from pathlib import Path

from surveillance.embedded import environment
from tests.integration.upgrades.previous import EXCUSED, told

ROOT = Path(__file__).resolve().parents[3]


def main() -> None:
    with environment():
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "surveillance.settings")
        import django

        django.setup()
        from django_migration_linter import MigrationLinter

        logging.getLogger("django_migration_linter").setLevel(logging.WARNING)
        linter = MigrationLinter(str(ROOT), no_cache=True, quiet=["ok"])
        seen = {*told()["migrations"], *EXCUSED}
        for key, migration in sorted(linter.migration_loader.disk_migrations.items()):
            file = Path(sys.modules[migration.__module__].__file__ or "").resolve()
            ours = file.is_relative_to(ROOT) and not file.is_relative_to(ROOT / ".venv")
            if ours and ".".join(key) not in seen:
                linter.lint_migration(migration)
        linter.print_summary()
        sys.exit(linter.has_errors)


if __name__ == "__main__":
    main()
