from django.urls import path

from surveillance.fhir import export_views, views

urlpatterns = [
    path("", views.NotThere.as_view(), name="fhir"),
    path("metadata", views.Metadata.as_view(), name="fhir-metadata"),
    path("$export", export_views.Export.as_view(), name="fhir-export"),
    path("Group/<str:clinic>/$export", export_views.Export.as_view(), name="fhir-export-group"),
    path(
        "$export-status/<uuid:public_id>",
        export_views.ExportStatus.as_view(),
        name="fhir-export-status",
    ),
    path(
        "$export-files/<uuid:public_id>/<str:kind>.ndjson",
        export_views.ExportFile.as_view(),
        name="fhir-export-file",
    ),
    path("<str:kind>", views.Type.as_view(), name="fhir-type"),
    path("<str:kind>/_search", views.Search.as_view(), name="fhir-search"),
    path("<str:kind>/<str:public_id>", views.Resource.as_view(), name="fhir-read"),
    path("<path:other>", views.NotThere.as_view(), name="fhir-not-there"),
]
