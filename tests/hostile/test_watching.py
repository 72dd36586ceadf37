"""The search for secrets itself: it finds what it is to find, and tells who may have what."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

from tests.hostile.evidence import Logged, Run, processes
from tests.hostile.watching import Secrets, Seen


def test_the_search_finds_what_it_is_to_find() -> None:
    """Without this, a search that looks for the wrong thing would pass for a run that leaks nothing."""
    known = Secrets()
    known.add("a password", 'p+/"ss w\u00f6rd' * 3)
    known.add_token("e30.eyJ1dGkiOiJhYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAxMjM0NTY3ODkifQ." + "S" * 43)
    password = known.known["a password"]
    for text in (
        password.encode(),
        json.dumps({"x": password}).encode(),
        quote(password, safe="").encode(),
        base64.b64encode(b"user:" + password.encode()),
        base64.urlsafe_b64encode(b'{"password":"' + password.encode() + b'"}'),
        password.encode().hex().encode(),
    ):
        assert known.found_in(b"before " + text + b" after") == {"a password"}, text
    assert known.found_in(b"Bearer " + b"S" * 43) == {"a token"}
    assert known.found_in(base64.b64encode(b"Bearer " + b"S" * 43 + b" more")) == {"a token"}
    assert known.found_in(b"nothing here") == set()


def test_a_copy_of_the_script_is_told_from_what_it_starts() -> None:
    run = Run(Secrets(), Logged())
    run.known.add("the publisher's password", "a-long-password")
    script, engine = b"python3\0-I\0/vms/x/script.sh\0", b"python3\0-I\0-S\0__main__.py\0"
    secret = b"VIBEDATA_PUBLISHER_PASSWORD=a-long-password\0"
    run.sampler.seen = {
        Seen(9, 1, b"python3\0-I\0-S\0supervisor.py\0/bin/sh\0script.sh\0", secret),
        Seen(10, 9, script, secret),
        Seen(11, 10, script, secret),  # about to become the engine
        Seen(11, 10, engine, b"PATH=/bin\0"),
    }
    assert processes(run, b"day0") == {}
    run.sampler.seen |= {Seen(12, 10, script, secret)}  # a copy that stays one
    assert [pid.partition(" ")[0] for pid in processes(run, b"day0")] == ["12"]
    run.sampler.seen |= {Seen(11, 10, engine, secret)}
    assert {pid.partition(" ")[0] for pid in processes(run, b"day0")} == {"11", "12"}
    run.sampler.seen = {Seen(13, 11, b"tool\0a-long-password\0", b"")}
    assert len(processes(run, b"day0")) == 1
