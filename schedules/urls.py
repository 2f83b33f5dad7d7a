from django.urls import path, register_converter

from schedules import views
from schedules.models import BookingState


class BookingMove:
    """A state that people can take a booking to, as part of an address."""

    regex = "|".join((BookingState.ARRIVED, BookingState.NO_SHOW, BookingState.CANCELLED))

    def to_python(self, value: str) -> BookingState:
        return BookingState(value)

    def to_url(self, value: str) -> str:
        return value


register_converter(BookingMove, "booking_move")

urlpatterns = [
    path("worklists/to-book/", views.to_book, name="to-book"),
    path("worklists/booked/", views.booked, name="booked"),
    path("worklists/overdue/", views.overdue, name="overdue"),
    path("worklists/rebaselines/", views.rebaselines, name="rebaselines"),
    path("slots/<uuid:public_id>/book/", views.book, name="book"),
    path("slots/<uuid:public_id>/review/", views.review, name="review"),
    path("bookings/<uuid:public_id>/<booking_move:to>/", views.move_booking, name="move-booking"),
    path("patients/<uuid:public_id>/studies/new/", views.record_study, name="record-study"),
    path("schedules/<uuid:public_id>/rebaseline/", views.rebaseline, name="rebaseline"),
    path("exports/", views.exports, name="exports"),
    path("exports/schedules.csv", views.export_csv, name="export-csv"),
]
