from django.urls import path

from reminders.views import holds, inbox, messages, receiver, rules

urlpatterns = [
    path("inbox/", inbox.inbox, name="inbox"),
    path("notices/<uuid:public_id>/acknowledge/", inbox.acknowledge, name="acknowledge"),
    path("messages/", messages.all_messages, name="messages"),
    path("messages/<uuid:public_id>/", messages.message, name="message"),
    path("messages/<uuid:public_id>/send-again/", messages.send_again, name="send-again"),
    path("holds/<uuid:public_id>/", holds.decide, name="hold"),
    path("hl7/<slug:code>/", receiver.receiver, name="receiver"),
    path("rules/", rules.rules, name="rules"),
    path("rules/<uuid:public_id>/switch/", rules.switch, name="switch-rule"),
]
