"""How requests leave: through which proxy, signed in how, and under which authority."""

from __future__ import annotations

import base64
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from oci.errors import OciError
from oci.wire import Session

URL = "https://registry.example.com/v2/"


class Proxy:
    """Takes one caller's first words, and says no."""

    def __init__(self, listening: socket.socket) -> None:
        self.host = f"127.0.0.1:{listening.getsockname()[1]}"
        self.asked = b""
        self._listening = listening

    def serve(self) -> None:
        caller, _ = self._listening.accept()
        with caller:
            while b"\r\n\r\n" not in self.asked:
                self.asked += caller.recv(4096)
            caller.sendall(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n")


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(60)
        found = Proxy(listening)
        thread = threading.Thread(target=found.serve, daemon=True)
        thread.start()
        yield found
        thread.join(60)


@pytest.mark.parametrize("form", ["http://{}", "{}"], ids=["an address", "a host and port only"])
def test_a_proxy_is_asked_in_either_form_of_its_name(
    proxy: Proxy, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", form.format(f"us%40er:p%3Aw%2Fd@{proxy.host}"))
    with pytest.raises(OciError):
        Session(None).request("GET", URL)
    assert proxy.asked.startswith(b"CONNECT registry.example.com:443 ")
    signed = base64.b64encode(b"us@er:p:w/d")
    assert signed in proxy.asked, "the password as it is, not as an address spells it"


@pytest.mark.parametrize("content", [None, b"no certificate"], ids=["missing", "no PEM"])
def test_an_authority_that_cannot_be_read_is_named_and_not_tried_again(
    tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "ca.pem"
    if content:
        file.write_bytes(content)
    with pytest.raises(OciError) as caught:
        Session(str(file)).request("GET", URL)
    assert (caught.value.code, caught.value.transient) == ("oci-tls", False)
    assert str(file) in caught.value.message
