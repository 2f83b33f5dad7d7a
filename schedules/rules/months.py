"""Month arithmetic, anchored and clipped; and how a day is written in a sentence."""

from calendar import monthrange
from datetime import date

from schedules.rules.wording import long_date as long_date


def add_months(day: date, months: int) -> date:
    """Return the date `months` calendar months after `day`, clipped to the month's end.

    30 November + 3 months is 28 or 29 February. Always count from the anchor: counting from
    an already clipped date drifts (… 28 February + 3 months is 28 May, not 30 May).

    Raises:
        ValueError: the year would leave 1 to 9999.
    """
    year, month0 = divmod(day.year * 12 + day.month - 1 + months, 12)
    month = month0 + 1
    # Every month has 28 days, so most dates need no look at the calendar.
    last = day.day if day.day <= 28 else min(day.day, monthrange(year, month)[1])
    return date(year, month, last)
