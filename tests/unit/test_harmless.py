"""What the command line shows was often written by others: it is shown as it is, and no terminal obeys it."""

from __future__ import annotations

from typing import Any

import pytest

from vibedata import console

HOSTILE = "a\x1b[2J\x1b]0;t\x07\x9b2J\u202ecba"
SHOWN = "a\\x1b[2J\\x1b]0;t\\x07\\x9b2J\\u202ecba"


def test_a_table_shows_what_a_terminal_would_obey(capsys: pytest.CaptureFixture[str]) -> None:
    console.screen().print(console.table(("component", "reason"), [("web", HOSTILE)]))
    assert SHOWN in capsys.readouterr().out


def test_a_row_of_the_log_shows_what_a_terminal_would_obey(capsys: pytest.CaptureFixture[str]) -> None:
    row: dict[str, Any] = {"EventTime": "2026-03-04T05:06:07Z", "Status": "Failed", "Message": HOSTILE}
    console.rows([[row]], as_json=False, follow=False)
    assert SHOWN in capsys.readouterr().out


def test_an_id_that_reads_like_an_emoji_stays_an_id(capsys: pytest.CaptureFixture[str]) -> None:
    console.screen().print("db:fire:x https://h/a:100:b")
    assert capsys.readouterr().out == "db:fire:x https://h/a:100:b\n"
