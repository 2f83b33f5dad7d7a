#!/usr/bin/env python3
"""Django's commands, on embedded servers unless DATABASE_URL names real ones."""

import os
import sys

from django.core.management import execute_from_command_line

from surveillance.embedded import EmbeddedError, environment


def main() -> None:
    """Runs the command that the arguments name."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "surveillance.settings")
    try:
        with environment():
            execute_from_command_line(sys.argv)
    except EmbeddedError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
