from django.apps import AppConfig


class DoorConfig(AppConfig):
    name = "surveillance.door"

    def ready(self) -> None:
        # It hears of each sign-in, also of one before any view is imported.
        from surveillance.door import audited  # noqa: F401
