"""The calendar in a browser: both of its views, on a screen and on paper."""

import re
from datetime import timedelta

import pytest

from patients.models import Clinic
from surveillance.accounts.models import User
from tests.browser.axe import violations
from tests.browser.person import NARROW, Person
from tests.factories import BookingFactory, ScannerFactory
from tests.integration.pages.scene import moment, slot_due_in


@pytest.fixture
def busy_week(clinic: Clinic) -> None:
    """Two scanners with three appointments on each of ten days."""
    scanners = [ScannerFactory.create(clinic=clinic) for _ in range(2)]
    for n in range(60):
        BookingFactory.create(
            slot=slot_due_in(0, clinic),
            scanner=scanners[n % 2],
            starts_at=moment(clinic, n // 6) + timedelta(hours=n % 3 + 1),
            at=moment(clinic, -1),
        )


@pytest.mark.parametrize("view", ["week", "month"])
def test_each_view_keeps_wcag_needs_no_sideways_scroll_and_fits_one_sheet(
    somebody: Person, nurse: User, busy_week: None, view: str
) -> None:
    somebody.is_signed_in_as(nurse)
    page = somebody.page
    page.goto(f"/calendar/?view={view}")
    assert violations(page) == []

    paper = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", paper)) == 1
    width, height = map(float, re.findall(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", paper)[0])
    assert (round(width), round(height)) == (842, 595)  # points: A4, across

    page.set_viewport_size(NARROW)
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
