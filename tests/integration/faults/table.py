"""The table of what was injected and what came of it, as it stands in docs/faults.md.

It needs nothing of Django: pytest prints it in the process that hands the tests out.
"""

import pytest

ROW = "a row of the table of faults"  # comes with the test's report, from whichever process ran it
HEAD = ["| fault | times | messages | lost | repeated | |", "|---|--:|--:|--:|--:|---|"]


def print_faults(terminal: pytest.TerminalReporter) -> None:
    reports = [one for one in terminal.getreports("") if one.when == "teardown"]
    rows = [said for report in reports for name, said in report.user_properties if name == ROW]
    if rows:
        terminal.section("faults injected")
        for line in (*HEAD, *rows):
            terminal.write_line(line)
