from django.urls import path

from imaging.views import arrangement, studies

urlpatterns = [
    path("imaging/arrangement/<slug:code>/", arrangement.arrangement, name="arrangement"),
    path("imaging/<uuid:public_id>/", studies.images, name="images"),
]
