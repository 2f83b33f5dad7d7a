from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "surveillance.accounts"

    def ready(self) -> None:
        # It notes when each session began, also of one that begins before the first request.
        from surveillance.accounts import sessions  # noqa: F401
