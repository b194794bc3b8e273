"""Seals secrets for the database: encrypted under the site's key, so that a copy of the database alone gives none of them away."""

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.translation import gettext as _

from orchestration import conf, secrecy
from orchestration.errors import Fault


def seal(value: str) -> str:
    """The value encrypted, as text."""
    return _keys().encrypt(value.encode()).decode()


def unseal(sealed: str) -> str:
    """The value again. Raises Fault when it was sealed under a key that the site no longer has."""
    try:
        return secrecy.remembered(_keys().decrypt(sealed.encode()).decode())
    except InvalidToken:
        raise Fault(_("A secret was sealed under another key. Bring that key back, or enter the secret again."), kind="secret") from None


def _keys() -> MultiFernet:
    """The key that seals, then those that still open: the site's own, SECRET_KEY, and what that was before."""
    words = [conf.SECRETS_KEY] if conf.SECRETS_KEY else []
    return MultiFernet([_key(word) for word in (*words, settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _key(word: str) -> Fernet:
    # A random word needs no slow derivation; the prefix keeps this key apart from whatever else is derived from the same word.
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(b"orchestration.sealing:" + word.encode()).digest()))
