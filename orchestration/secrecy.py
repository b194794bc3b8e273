"""Keeps secrets secret: sealed while they are stored, and blotted out wherever a text could carry one that this process has used."""

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.translation import gettext as _

from orchestration import conf
from orchestration.errors import Fault

BLOT = "•••"

SHORTEST = 6
"""A shorter value is not blotted out: it would tear holes into texts that have nothing to do with it."""

_used: set[str] = set()


def seal(value: str) -> str:
    """The value encrypted under the site's key, as text."""
    return _keys().encrypt(value.encode()).decode()


def unseal(sealed: str) -> str:
    """The value again. Raises Fault when it was sealed under a key that the site no longer has."""
    try:
        return remembered(_keys().decrypt(sealed.encode()).decode())
    except InvalidToken:
        raise Fault(_("A secret was sealed under another key. Bring that key back, or enter the secret again."), kind="secret") from None


def remembered(value: str) -> str:
    """The value, which from now on is blotted out of what this process writes."""
    if len(value) >= SHORTEST:
        _used.add(value)
    return value


def blotted(text: str) -> str:
    """The text without any secret that this process has used."""
    for value in _used:
        if value in text:
            text = text.replace(value, BLOT)
    return text


def _keys() -> MultiFernet:
    """The key that seals, and those that still open. Without a key of their own, secrets are sealed under SECRET_KEY."""
    words = [conf.SECRETS_KEY] if conf.SECRETS_KEY else []
    return MultiFernet([_key(word) for word in (*words, settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _key(word: str) -> Fernet:
    # A random key needs no slow derivation; a fixed prefix keeps it apart from what else is derived from the same word.
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(b"orchestration.secrecy:" + word.encode()).digest()))
