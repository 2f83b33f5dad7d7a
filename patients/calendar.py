"""Which days are public holidays and weekends where a clinic is. Pure: the day is a parameter.

`country` and `region` are codes of the package `holidays`; without a country there are no holidays,
and the weekend is Saturday and Sunday. What is not known raises NotImplementedError.
"""

from datetime import date
from functools import lru_cache

from holidays import HolidayBase, country_holidays


def holiday_on(country: str, region: str, day: date) -> str:
    """Return the name of the public holiday of that day; empty if it is none."""
    return _table(country, region, day.year).get(day, "") if country else ""


def holidays_of(country: str, region: str, year: int) -> list[tuple[date, str]]:
    """Return the public holidays of a year with their names, in the order of their days."""
    return sorted(_table(country, region, year).items()) if country else []


def is_weekend(country: str, region: str, day: date) -> bool:
    """Say whether the day is of the country's weekend: Saturday and Sunday, or its own."""
    if country:
        return _table(country, region, day.year).is_weekend(day)
    return day.weekday() in HolidayBase.weekend


# One year a table: a table of the package that grows as it is asked tells a second thread that a
# year has no holidays while the first still fills it in.
@lru_cache(maxsize=1024)
def _table(country: str, region: str, year: int) -> HolidayBase:
    return country_holidays(country, subdiv=region or None, years=year, expand=False)
