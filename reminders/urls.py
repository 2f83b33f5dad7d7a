from django.urls import path

from reminders.views import inbox

urlpatterns = [
    path("inbox/", inbox.inbox, name="inbox"),
    path("notices/<uuid:public_id>/acknowledge/", inbox.acknowledge, name="acknowledge"),
]
