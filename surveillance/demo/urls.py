from django.urls import path

from surveillance.demo import views

urlpatterns = [path("", views.mailbox, name="mailbox")]
