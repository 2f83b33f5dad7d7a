"""Which event leads from what another system knows of an appointment to how it stands."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from reminders.appointments.deciding import Standing, happened
from reminders.models import Event
from schedules.models import Booking, BookingState

STANDINGS = st.builds(
    Standing,
    st.integers(1, 3),
    st.sampled_from([datetime(2026, 4, day, tzinfo=UTC) for day in (8, 9)]),
    st.sampled_from(BookingState),
)


@given(st.lists(STANDINGS, max_size=8))
def test_whoever_hears_the_events_knows_how_it_stands_in_the_end(course: list[Standing]) -> None:
    told: Standing | None = None
    is_known = False  # whether the other system has an appointment
    for now in course:
        event = happened(told, now)
        if event is None:
            # Either it knows, or there is nothing over there that would be wrong.
            assert told == now or (not is_known and now.state not in Booking.ACTIVE)
            continue
        assert is_known == (event != Event.BOOKED)
        assert (event == Event.CANCELLED) == (now.state == BookingState.CANCELLED)
        assert (event == Event.NO_SHOW) == (now.state == BookingState.NO_SHOW)
        if event == Event.MODIFIED:
            assert told is not None
            assert told.starts_at == now.starts_at
        told, is_known = now, event != Event.CANCELLED
