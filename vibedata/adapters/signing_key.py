"""The publisher's release key in a file: PKCS#8 PEM that only its owner reads, encrypted when there is a passphrase."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from vibedata.errors import BadInput
from vibedata.keyring import PublicKey

MAX_KEY_FILE_BYTES = 16 * 1024
OTHERS = stat.S_IRWXG | stat.S_IRWXO


class SigningKey:
    """An Ed25519 private key."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.key = PublicKey(private.public_key().public_bytes_raw())

    def __repr__(self) -> str:
        return f"SigningKey({self.key.key_id})"

    @classmethod
    def make(cls, file: Path, passphrase: str = "") -> SigningKey:
        """Make a key and write it to a new file. Raises BadInput (release-key-exists, release-key-unwritable)."""
        private = Ed25519PrivateKey.generate()
        encryption: KeySerializationEncryption = NoEncryption()
        if passphrase:
            encryption = BestAvailableEncryption(passphrase.encode())
        _write_new(file, private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
        return cls(private)

    @classmethod
    def read(cls, file: Path, passphrase: str = "") -> SigningKey:
        """Read a key. Raises BadInput (release-key-invalid, release-key-exposed, release-key-passphrase)."""
        raw = _read(file)
        try:
            private = load_pem_private_key(raw, passphrase.encode() if passphrase else None)
        except TypeError as error:
            raise _passphrase(file, "has none" if passphrase else "needs one") from error
        except (ValueError, UnsupportedAlgorithm) as error:
            if b"-----BEGIN ENCRYPTED PRIVATE KEY-----" in raw:
                raise _passphrase(file, "has another") from error
            raise _invalid(file, "holds no private key in PEM") from error
        if not isinstance(private, Ed25519PrivateKey):
            raise _invalid(file, "holds a key of another kind than Ed25519")
        return cls(private)

    def sign(self, message: bytes) -> bytes:
        """Return the signature of a message; Ed25519 gives the same one each time."""
        return self._private.sign(message)


def _write_new(file: Path, content: bytes) -> None:
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        try:
            with os.fdopen(handle, "wb") as out:
                out.write(content)
                out.flush()
                os.fsync(out.fileno())
        except OSError:  # the half of a key would keep the next attempt from writing a whole one
            file.unlink()
            raise
    except FileExistsError as error:
        raise BadInput(
            "release-key-exists",
            f"{file} is there already; a key is never overwritten.",
            hint="Name a file that does not exist. What the old key signed can be signed by no other.",
        ) from error
    except OSError as error:
        raise BadInput(
            "release-key-unwritable",
            f"{file}: {error.strerror}",
            hint="Name a file in a folder that exists and that only you can read.",
        ) from error


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            if stat.S_IMODE(os.fstat(opened.fileno()).st_mode) & OTHERS:
                raise BadInput(
                    "release-key-exposed",
                    f"{file} can be read or written by others than its owner.",
                    hint=f"chmod 600 {file}; if others could read it, rotate the key (docs/trust.md).",
                )
            raw = opened.read(MAX_KEY_FILE_BYTES + 1)
    except OSError as error:
        raise _invalid(file, f"cannot be read: {error.strerror}") from error
    if len(raw) > MAX_KEY_FILE_BYTES:
        raise _invalid(file, f"has more than {MAX_KEY_FILE_BYTES} bytes")
    return raw


def _passphrase(file: Path, what: str) -> BadInput:
    return BadInput(
        "release-key-passphrase",
        f"The passphrase is wrong: the key in {file} {what}.",
        hint="Give it with --passphrase-stdin, on standard input; leave the option out for a key without one.",
    )


def _invalid(file: Path, what: str) -> BadInput:
    return BadInput(
        "release-key-invalid",
        f"{file} {what}.",
        hint="Name the file that `vibedata release keygen` made.",
    )
