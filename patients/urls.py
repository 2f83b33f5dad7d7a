from django.urls import path

from patients import views

urlpatterns = [
    path("patients/<uuid:public_id>/contact/", views.contact, name="contact"),
    path("tumours/<uuid:public_id>/treatments/new/", views.add_treatment, name="add-treatment"),
    path("tumours/<uuid:public_id>/findings/new/", views.add_finding, name="add-finding"),
]
