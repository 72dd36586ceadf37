"""What ended a connection decides who acts next: a cut is tried again, a refused certificate is not."""

from __future__ import annotations

import ssl

import pytest
import requests
import urllib3

from oci import fence


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
        pool = urllib3.HTTPSConnectionPool("registry.example.com")
        reason = urllib3.exceptions.SSLError(inner)
        raise requests.exceptions.SSLError(urllib3.exceptions.MaxRetryError(pool, "/v2/", reason))

    monkeypatch.setattr(requests.Session, "request", end)
    with pytest.raises(fence.OciError) as caught:
        fence.Session(None).request("PUT", "https://registry.example.com/v2/")
    assert caught.value.transient is cut
    assert (caught.value.code == "oci-tls") is not cut
