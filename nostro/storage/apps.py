"""Django's name for this room."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class Storage(AppConfig):
    name = "nostro.storage"
    label = "storage"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from nostro.storage.grants import grant_shared_tables

        post_migrate.connect(grant_shared_tables, sender=self)
