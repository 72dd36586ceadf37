"""Another host, with a certificate that everybody here trusts: it keeps what it is asked, headers and body."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from local_stack.threaded import ThreadedStack


class Elsewhere:
    """What was asked there, as one text per request; `answer` is its body, `location` sends callers on."""

    def __init__(self, port: int) -> None:
        self.host = f"127.0.0.1:{port}"
        self.asked: list[str] = []
        self.answer = b"{}"
        self.location = ""

    @property
    def url(self) -> str:
        return f"https://{self.host}"


@contextmanager
def elsewhere(stack: ThreadedStack) -> Iterator[Elsewhere]:
    """Run the other host."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            other.asked.append(f"{self.requestline}\n{self.headers}\n{body.decode('latin-1')}")
            self.send_response(307 if other.location else 200)
            if other.location:
                self.send_header("Location", other.location)
            self.send_header("Content-Length", str(len(other.answer)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(other.answer)

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = answer

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    other = Elsewhere(server.server_address[1])
    server.socket = stack.ctx.tls.server_context("127.0.0.1").wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield other
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
