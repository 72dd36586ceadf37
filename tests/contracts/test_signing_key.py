"""A release key in a file: only its owner reads it, and it is never written over."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests import peers
from vibedata.adapters.release_keys import is_signed
from vibedata.adapters.signing_key import SigningKey
from vibedata.errors import BadInput
from vibedata.keyring import PublicKey


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "release-key.pem"


def refusal(read: object) -> str:
    with pytest.raises(BadInput) as caught:
        read()  # type: ignore[operator]
    assert caught.value.hint
    return caught.value.code


@pytest.mark.parametrize("passphrase", ["", "correct horse battery staple"])
def test_a_key_is_made_and_read_again(file: Path, passphrase: str) -> None:
    made = SigningKey.make(file, passphrase)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    found = SigningKey.read(file, passphrase)
    assert found.key == made.key
    assert is_signed(made.key, found.sign(b"message"), b"message")
    assert not is_signed(made.key, found.sign(b"message"), b"another message")
    assert (b"ENCRYPTED" in file.read_bytes()) is bool(passphrase)


def test_the_umask_does_not_open_it(file: Path) -> None:
    before = os.umask(0)
    try:
        SigningKey.make(file)
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_file_that_is_there_is_never_written_over(file: Path) -> None:
    SigningKey.make(file)
    before = file.read_bytes()
    assert refusal(lambda: SigningKey.make(file)) == "release-key-exists"
    assert file.read_bytes() == before


def test_a_link_is_not_followed(file: Path, tmp_path: Path) -> None:
    file.symlink_to(tmp_path / "elsewhere.pem")
    assert refusal(lambda: SigningKey.make(file)) == "release-key-exists"
    assert not (tmp_path / "elsewhere.pem").exists()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert refusal(lambda: SigningKey.make(tmp_path / "no" / "key.pem")) == "release-key-unwritable"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o777])
def test_a_key_that_others_can_read_is_not_used(file: Path, mode: int) -> None:
    SigningKey.make(file)
    file.chmod(mode)
    assert refusal(lambda: SigningKey.read(file)) == "release-key-exposed"


@pytest.mark.parametrize(("made_with", "read_with"), [("s3same", ""), ("s3same", "0pen"), ("", "0pen")])
def test_a_wrong_passphrase_is_told_as_one(file: Path, made_with: str, read_with: str) -> None:
    SigningKey.make(file, made_with)
    with pytest.raises(BadInput) as caught:
        SigningKey.read(file, read_with)
    assert caught.value.code == "release-key-passphrase"
    assert not read_with or read_with not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"no key", b"x" * 20_000, b"-----BEGIN PRIVATE KEY-----\nAAAA\n"])
def test_what_is_no_key_is_refused(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    file.chmod(0o600)
    assert refusal(lambda: SigningKey.read(file)) == "release-key-invalid"


def test_a_key_of_another_kind_is_refused(file: Path) -> None:
    other = generate_private_key(SECP256R1())
    file.write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    file.chmod(0o600)
    assert refusal(lambda: SigningKey.read(file)) == "release-key-invalid"
    assert refusal(lambda: SigningKey.read(file.parent)) in ("release-key-exposed", "release-key-invalid")
    assert refusal(lambda: SigningKey.read(file.parent / "none")) == "release-key-invalid"


def test_the_private_half_is_in_no_text(file: Path) -> None:
    key = SigningKey.make(file)
    assert repr(key) == f"SigningKey({key.key.key_id})"


def test_rfc_8032s_own_vector_is_signed_as_it_says() -> None:
    public = bytes.fromhex("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025")
    signature = bytes.fromhex(
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
    )
    assert is_signed(PublicKey(public), signature, b"\xaf\x82")
    assert not is_signed(PublicKey(public), signature, b"\xaf\x83")


def test_openssl_reads_the_key_and_verifies_what_it_signed(file: Path, tmp_path: Path) -> None:
    openssl = peers.command("openssl", "openssl")
    key = SigningKey.make(file)
    for name, content in (("m", b"message"), ("s", key.sign(b"message"))):
        (tmp_path / name).write_bytes(content)
    words = ["pkeyutl", "-verify", "-inkey", str(file), "-rawin", "-in", "m", "-sigfile", "s"]
    done = subprocess.run([openssl, *words], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Verified Successfully" in done.stdout
