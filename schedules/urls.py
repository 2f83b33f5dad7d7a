from django.urls import path, register_converter

from schedules.models import BookingState
from schedules.views import (
    bookings,
    calendar,
    exports,
    feeds,
    figures,
    imports,
    jobs,
    plans,
    protocols,
    results,
    reviews,
    studies,
    undo,
    worklists,
)


class BookingMove:
    """A state that people can take a booking to, as part of an address."""

    regex = "|".join((BookingState.ARRIVED, BookingState.NO_SHOW, BookingState.CANCELLED))

    def to_python(self, value: str) -> BookingState:
        return BookingState(value)

    def to_url(self, value: str) -> str:
        return value


register_converter(BookingMove, "booking_move")

urlpatterns = [
    path("worklists/to-book/", worklists.to_book, name="to-book"),
    path("worklists/to-book/views/", worklists.save_view, name="save-view"),
    path("worklists/to-book/views/<uuid:public_id>/", worklists.change_view, name="change-view"),
    path("worklists/booked/", worklists.booked, name="booked"),
    path("calendar/", calendar.calendar, name="calendar"),
    path("worklists/overdue/", reviews.overdue, name="overdue"),
    path("worklists/overdue/decide/", reviews.review_together, name="review-together"),
    path("worklists/rebaselines/", worklists.rebaselines, name="rebaselines"),
    path("slots/<uuid:public_id>/book/", bookings.book, name="book"),
    path("slots/<uuid:public_id>/contact/", bookings.record_contact, name="record-contact"),
    path("bookings/<uuid:public_id>/reschedule/", bookings.reschedule, name="reschedule"),
    path("bookings/<uuid:public_id>/undo/", undo.undo_booking, name="undo-booking"),
    path("bookings/<uuid:public_id>/undo-outcome/", undo.undo_outcome, name="undo-outcome"),
    path("contacts/<uuid:public_id>/undo/", undo.undo_contact, name="undo-contact"),
    path("reviews/<uuid:public_id>/undo/", undo.undo_review, name="undo-review"),
    path(
        "studies/<uuid:public_id>/undo-result-review/",
        undo.undo_result_review,
        name="undo-result-review",
    ),
    path(
        "studies/<uuid:public_id>/undo-keep-off-schedule/",
        undo.undo_keep_off_schedule,
        name="undo-keep-off-schedule",
    ),
    path("slots/<uuid:public_id>/review/", reviews.review, name="review"),
    path(
        "bookings/<uuid:public_id>/<booking_move:to>/", bookings.move_booking, name="move-booking"
    ),
    path("patients/<uuid:public_id>/studies/new/", studies.record_study, name="record-study"),
    path("tumours/<uuid:public_id>/enrol/", plans.enrol, name="enrol"),
    path("schedules/<uuid:public_id>/what-if/", plans.what_if, name="what-if"),
    path("schedules/<uuid:public_id>/decline-anchor/", plans.decline_anchor, name="decline-anchor"),
    path("schedules/<uuid:public_id>/suspend/", plans.suspend, name="suspend"),
    path("schedules/<uuid:public_id>/resume/", plans.resume, name="resume"),
    path("schedules/<uuid:public_id>/end/", plans.end, name="end"),
    path("patients/<uuid:public_id>/death/", plans.record_death, name="death"),
    path("worklists/results/", results.results, name="results"),
    path("studies/<uuid:public_id>/result/", results.record_result, name="record-result"),
    path("studies/<uuid:public_id>/result/correct/", results.correct_result, name="correct-result"),
    path("studies/<uuid:public_id>/review-result/", results.review_result, name="review-result"),
    path("protocols/", protocols.protocols, name="protocols"),
    path("protocols/compare/", protocols.compare, name="compare-protocols"),
    path("protocols/<slug:code>/<int:version>/", protocols.protocol, name="protocol"),
    path("protocols/<slug:code>/<int:version>/draft/", protocols.draft, name="draft-protocol"),
    path("protocols/<slug:code>/<int:version>/sign/", protocols.sign, name="sign-protocol"),
    path("protocols/<slug:code>/<int:version>/take-over/", protocols.take_over, name="take-over"),
    path("jobs/", jobs.jobs, name="jobs"),
    path("jobs/<uuid:public_id>/", jobs.job, name="job"),
    path("jobs/<uuid:public_id>/file/", exports.download, name="download"),
    path("figures/", figures.figures, name="figures"),
    path("imports/", imports.imports, name="imports"),
    path("imports/list.csv", imports.empty_list, {"kind": "csv"}, name="empty-list-csv"),
    path("imports/list.xlsx", imports.empty_list, {"kind": "xlsx"}, name="empty-list-xlsx"),
    path("imports/<uuid:public_id>/", imports.one_import, name="import"),
    path("imports/<uuid:public_id>/corrections/", imports.corrections, name="import-corrections"),
    path("exports/", exports.exports, name="exports"),
    path("administration/<slug:code>/calendars/", feeds.feeds, name="feeds"),
    path("feeds/<str:secret>.ics", feeds.feed, name="feed"),
]
