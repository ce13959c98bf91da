"""Django's name for this room."""

from django.apps import AppConfig


class Storage(AppConfig):
    name = "nostro.storage"
    label = "storage"
    default_auto_field = "django.db.models.BigAutoField"
