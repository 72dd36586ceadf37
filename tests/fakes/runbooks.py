"""An Automation account in memory, with the service's rules about drafts, states, schedules and links."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from vibedata.automation import RunbookRecord, ScheduleLink, ScheduleRecord
from vibedata.errors import BadInput, Transient, VibedataError


class Killed(BaseException):
    """Stands for kill -9: nothing of ours catches it."""


@dataclass
class Kept:
    """A runbook with its texts."""

    record: RunbookRecord
    draft: bytes | None = None
    published: bytes | None = None


class FakeRunbooks:
    """`writes` lists every write in order; `dies_after` writes, the next one kills; `rewrite` bends texts."""

    def __init__(self) -> None:
        self.kept: dict[str, Kept] = {}
        self.schedules: dict[str, ScheduleRecord] = {}
        self.links: dict[str, ScheduleLink] = {}
        self.writes: list[str] = []
        self.dies_after: int | None = None
        self.failing: list[VibedataError] = []
        self.rewrite: Callable[[bytes], bytes] = bytes

    def all(self) -> list[RunbookRecord]:
        if self.failing:
            raise self.failing.pop(0)
        return [kept.record for kept in self.kept.values()]

    def get(self, name: str) -> RunbookRecord | None:
        kept = self.kept.get(name)
        return kept.record if kept else None

    def published(self, name: str) -> bytes | None:
        kept = self.kept.get(name)
        return None if kept is None or kept.published is None else self.rewrite(kept.published)

    def create(
        self, name: str, *, kind: str, runtime: str, description: str, tags: Mapping[str, str]
    ) -> None:
        self._write(f"create {name}")
        before = self.kept.get(name)
        if before and before.record.kind != kind:
            raise BadInput("azure-refused", "the type cannot be changed", hint="delete it")
        state = before.record.state if before else "New"
        record = RunbookRecord(name, state, kind, runtime, dict(tags))
        self.kept[name] = replace(before, record=record) if before else Kept(record)

    def replace_draft(self, name: str, content: bytes) -> None:
        self._write(f"draft {name}")
        kept = self.kept[name]
        kept.draft = content
        state = "New" if kept.published is None else "Edit"
        kept.record = replace(kept.record, state=state)

    def publish(self, name: str) -> None:
        self._write(f"publish {name}")
        kept = self.kept[name]
        if kept.draft is None:
            raise BadInput("azure-refused", "there is no draft", hint="write one")
        kept.published, kept.draft = kept.draft, None
        kept.record = replace(kept.record, state="Published")

    def schedule(self, name: str) -> ScheduleRecord | None:
        return self.schedules.get(name)

    def put_schedule(self, schedule: ScheduleRecord) -> None:
        self._write(f"schedule {schedule.name}")
        self.schedules[schedule.name] = schedule

    def delete_schedule(self, name: str) -> None:
        if name in self.schedules:
            self._write(f"delete schedule {name}")
            del self.schedules[name]
            self.links = {key: link for key, link in self.links.items() if link.schedule != name}

    def link(self, link_id: str) -> ScheduleLink | None:
        return self.links.get(link_id)

    def put_link(self, link: ScheduleLink) -> None:
        self._write(f"link {link.runbook}")
        if link.link_id in self.links:
            raise Transient("azure-conflict", "a link of that id exists", hint="run again")
        if link.schedule not in self.schedules or self.published(link.runbook) is None:
            raise BadInput("azure-refused", "no such schedule or published runbook", hint="create it")
        self.links[link.link_id] = link

    def delete_link(self, link_id: str) -> None:
        if link_id in self.links:
            self._write("delete link")
            del self.links[link_id]

    def _write(self, what: str) -> None:
        if self.dies_after is not None and len(self.writes) >= self.dies_after:
            raise Killed(what)
        self.writes.append(what)
