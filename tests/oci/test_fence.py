"""What ended a connection decides who acts next: a cut is tried again, a refused certificate is not."""

from __future__ import annotations

import ssl
from typing import Any, cast

import pytest
import urllib3

from oci import wire
from oci.connection import Connection
from oci.errors import OciError
from oci.fence import Client
from oci.reading import next_page
from oci.retrying import Retrying

NO_ADDRESS = "https://[no"  # what the standard library's own reader of addresses raises at


@pytest.mark.parametrize(
    ("inner", "cut"),
    [
        (ssl.SSLEOFError(8, "EOF occurred in violation of protocol"), True),
        (ssl.SSLZeroReturnError(6, "TLS/SSL connection has been closed"), True),
        (ssl.SSLCertVerificationError(1, "certificate verify failed"), False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_a_cut_inside_tls_is_no_refused_certificate(
    inner: ssl.SSLError, cut: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end(*_: object, **__: object) -> None:
        raise urllib3.exceptions.SSLError(inner)

    monkeypatch.setattr(urllib3.PoolManager, "urlopen", end)
    with pytest.raises(wire.OciError) as caught:
        wire.Session(None).request("PUT", "https://registry.example.com/v2/")
    assert caught.value.transient is cut
    assert (caught.value.code == "oci-tls") is not cut


class Answers:
    """A session whose every answer leads to that place; a Link too."""

    status_code, content, url = 307, b"", "https://registry.example.com/v2/"

    def __init__(self, place: str) -> None:
        self.headers = {"Location": place, "Link": f'<{place}>; rel="next"'}

    def request(self, *_: Any, **__: Any) -> Answers:
        return self

    def close(self) -> None:
        """Nothing is open."""


def test_a_place_that_is_no_address_is_refused_with_a_code() -> None:
    answer: Any = Answers(NO_ADDRESS)
    connection = Connection("registry.example.com", None, None, Retrying(1, float), float)
    for follow in (
        lambda: Client("registry.example.com", cast(wire.Session, answer)).do_request(answer.url),
        lambda: next_page(answer, answer.url),
        lambda: connection._upload_place(answer.url, answer),
    ):
        with pytest.raises(OciError) as caught:
            follow()
        assert caught.value.code == "oci-redirect-refused"
