from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "surveillance.api"
