"""Personal values sealed under one key a person, so that destroying the key erases every copy of them.

A data key is wrapped by the master key, which lies outside the database. AES-256-GCM (NIST SP 800-38D) with a
random nonce of 96 bits; what a token belongs to is authenticated with it, so that none can be moved elsewhere.
PIPL art. 51 asks for encryption and de-identification of what is stored.
"""

from __future__ import annotations

import base64
import hmac
import os
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tanlin.kernel.errors import Conflict, Text

NONCE_BYTES: Final = 12
KEY_BYTES: Final = 32


class Master:
    """The key of the installation: wraps data keys and makes look-up digests, each by a key derived for it alone."""

    def __init__(self, secret: str) -> None:
        """``secret``: at least 32 characters of text. Raises ValueError for a shorter one."""
        if len(secret) < KEY_BYTES:
            raise ValueError(f"a master key has at least {KEY_BYTES} characters")
        self._wrapping = _derive(secret, b"tanlin people: wrapping")
        self._lookup = _derive(secret, b"tanlin people: look-up")
        #: tells one master key from another and nothing else
        self.name = _derive(secret, b"tanlin people: name")[:8].hex()

    def new_key(self, owner: str) -> str:
        """A random data key for an owner, wrapped; only this master opens it."""
        return _encrypt(self._wrapping, os.urandom(KEY_BYTES), f"key:{owner}")

    def unwrap(self, wrapped: str, owner: str) -> bytes:
        """The data key. Raises Conflict where another master wrapped it or for another owner."""
        return _decrypt(self._wrapping, wrapped, f"key:{owner}")

    def digest(self, kind: str, text: str) -> str:
        """Keyed HMAC-SHA256 of a normalised value, to look it up; "" stays ""."""
        if not text:
            return ""
        return hmac.new(self._lookup, f"{kind}:{text}".encode(), sha256).hexdigest()


def seal(key: bytes, text: str, binding: str) -> str:
    """A token of the text, bound to its place (for example ``<owner>:name``); "" stays ""."""
    return _encrypt(key, text.encode(), binding) if text else ""


def unseal(key: bytes, token: str, binding: str) -> str:
    """The text of a token. Raises Conflict for another key, another place or a changed token."""
    return _decrypt(key, token, binding).decode() if token else ""


def _derive(secret: str, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=purpose).derive(secret.encode())


def _encrypt(key: bytes, data: bytes, binding: str) -> str:
    nonce = os.urandom(NONCE_BYTES)
    return base64.urlsafe_b64encode(nonce + AESGCM(key).encrypt(nonce, data, binding.encode())).decode()


def _decrypt(key: bytes, token: str, binding: str) -> bytes:
    raw = base64.urlsafe_b64decode(token)
    try:
        return AESGCM(key).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], binding.encode())
    except InvalidTag as error:
        raise Conflict(
            "community.seal_broken",
            Text("个人信息无法解密。", "A personal value cannot be decrypted."),
            remedy=Text(
                "请确认个人信息主密钥（TANLIN_KEY 或 people.key）与数据库相配。",
                "See that the master key of personal values (TANLIN_KEY or people.key) is the one of this database.",
            ),
        ) from error
