"""What is written after a command, read: inputs, records, users. Each raises CommandError with a right example."""

import json
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError

from orchestration.models.records import model_named


def named(text: str) -> tuple[str, Any]:
    """`name=value`, the value as JSON, or else as text."""
    name, value = split(text)
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def split(text: str) -> tuple[str, str]:
    """`name=value`, both as text."""
    name, sign, value = text.partition("=")
    if not sign:
        raise CommandError(f"“{text}” has no value. Write it as name=value.")
    return name, value


def record(label: str, key: str) -> Any:
    """The record of the model with this key."""
    model = model_named(label)
    try:
        found = model._default_manager.filter(pk=key).first() if model else None
    except (ValueError, ValidationError):
        found = None
    if found is None:
        raise CommandError(f"There is no {label or 'record'} with the key {key}.")
    return found


def user(name: str) -> Any:
    """The user with this name."""
    users = get_user_model()
    found = users._default_manager.filter(**{users.USERNAME_FIELD: name}).first()
    if found is None:
        raise CommandError(f"There is no user “{name}”.")
    return found
