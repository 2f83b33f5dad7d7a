from django.urls import path

from surveillance.fhir import views

urlpatterns = [
    path("", views.NotThere.as_view(), name="fhir"),
    path("metadata", views.Metadata.as_view(), name="fhir-metadata"),
    path("<str:kind>", views.Type.as_view(), name="fhir-type"),
    path("<str:kind>/_search", views.Search.as_view(), name="fhir-search"),
    path("<str:kind>/<str:public_id>", views.Resource.as_view(), name="fhir-read"),
    path("<path:other>", views.NotThere.as_view(), name="fhir-not-there"),
]
