from django.apps import AppConfig


class SchedulesConfig(AppConfig):
    name = "schedules"

    def ready(self) -> None:
        from schedules.rules.wording import speak
        from schedules.wording import DjangoTongue

        speak(DjangoTongue())
