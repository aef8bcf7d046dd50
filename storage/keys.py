"""The master key, which lives outside the database, and what is derived from it: wrapping, sealing and keyed hashes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE = 12
_PURPOSES = (b"ecrf wrapping", b"ecrf hashing", b"ecrf sealing", b"ecrf noting")
_KEY = 32


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys derived from the master key, one per purpose; never stored in the database."""

    wrapping: bytes
    hashing: bytes
    sealing: bytes
    noting: bytes

    def __repr__(self) -> str:
        return "Keys(…)"

    def keyed_hash(self, purpose: str, text: str) -> bytes:
        """A hash that only the holder of the master key can compute, different for each purpose."""
        return hmac.digest(self.hashing, f"{purpose}\0{text}".encode(), hashlib.sha256)

    def seal(self, content: bytes) -> bytes:
        """The authentication code of a seal of the audit."""
        return hmac.digest(self.sealing, content, hashlib.sha256)

    def wrap(self, key: bytes, subject: int) -> bytes:
        """A subject's key, encrypted under the master key."""
        return encrypt(self.wrapping, key, f"subject:{subject}")

    def unwrap(self, wrapped: bytes, subject: int) -> bytes:
        """The subject's key back."""
        return decrypt(self.wrapping, wrapped, f"subject:{subject}")


def derive_keys(master: bytes) -> Keys:
    """The keys of a master key of at least 32 random bytes."""
    if len(master) < _KEY:
        raise ValueError(f"a master key has at least {_KEY} bytes, this one {len(master)}")
    return Keys(*(_derive(master, purpose) for purpose in _PURPOSES))


def read_keys(path: Path) -> Keys:
    """The keys of the master key in a file (base64)."""
    return derive_keys(base64.b64decode(path.read_text("ascii").strip(), validate=True))


def new_key() -> bytes:
    """A random key of 256 bits."""
    return os.urandom(_KEY)


def encrypt(key: bytes, plain: bytes, place: str) -> bytes:
    """AES-GCM; the place is authenticated, so a ciphertext cannot be moved elsewhere."""
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, plain, place.encode())


def decrypt(key: bytes, cipher: bytes, place: str) -> bytes:
    """What `encrypt` got; raises InvalidTag when key, place or a bit differs."""
    return AESGCM(key).decrypt(cipher[:_NONCE], cipher[_NONCE:], place.encode())


def _derive(master: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=_KEY, salt=None, info=purpose).derive(master)


__all__ = ["Keys", "decrypt", "derive_keys", "encrypt", "new_key", "read_keys"]
