"""People, what they may do for which customer, and the keys of programs."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models

from nostro.storage.models.tenant import TenantModel


class People(BaseUserManager["Person"]):
    """How sign-in finds a person. People are made by nostro.storage.people, with an id."""


class Person(AbstractBaseUser):
    """A human being who signs in; belongs to no customer, see Membership."""

    id = models.UUIDField(primary_key=True)
    email = models.EmailField(unique=True)
    name = models.TextField()
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField()

    objects = People()
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        db_table = "person"

    def __str__(self) -> str:
        return self.name


class Membership(TenantModel):
    """What one person may do for one customer."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    roles = ArrayField(models.TextField())  # Of its grants, and written together with them.
    grants = models.JSONField(default=list)
    active = models.BooleanField(default=True)

    class Meta:
        db_table = "membership"
        constraints = (
            models.UniqueConstraint(fields=["tenant_id", "person"], name="membership_once"),
        )


class ApiKey(TenantModel):
    """A program's key, or a person's own token. Only the hash of its secret part is kept."""

    prefix = models.TextField()
    secret_hash = models.TextField()
    name = models.TextField()
    scopes = ArrayField(models.TextField())
    person = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    owner = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    networks = ArrayField(models.TextField(), default=list)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)  # To the hour: not every request writes.
    replaced_by = models.UUIDField(null=True)  # The key that goes on from it, after a rotation.

    class Meta:
        db_table = "api_key"
        constraints = (
            models.UniqueConstraint(fields=["tenant_id", "prefix"], name="api_key_prefix_once"),
        )


class SharedNote(models.Model):
    """What all processes remember for a while: failed sign-ins, codes used. See shared_cache."""

    key = models.TextField(primary_key=True)
    value = models.JSONField()
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "shared_note"

    def __str__(self) -> str:
        return self.key
