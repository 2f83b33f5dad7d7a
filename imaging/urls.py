from django.urls import path

from imaging.views import arrangement, studies, upload

urlpatterns = [
    path("imaging/arrangement/<slug:code>/", arrangement.arrangement, name="arrangement"),
    path("imaging/upload/", upload.upload, name="upload"),
    path("imaging/<uuid:public_id>/", studies.images, name="images"),
]
