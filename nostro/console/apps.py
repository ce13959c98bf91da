"""Django's name for this room."""

from django.apps import AppConfig


class Console(AppConfig):
    name = "nostro.console"
    label = "console"

    def ready(self) -> None:
        from nostro.console.access_signals import connect

        connect()
