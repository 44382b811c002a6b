"""The switchboard's live stream: server-sent events that say what changed, to as many pages as look.

Nothing is pushed to a viewer: each looks for itself, ten times a second, at what it has not yet told.
Serving a request thus costs the same whoever watches, and a slow or gone viewer holds nothing back.

Format: WHATWG HTML, "Server-sent events". The events, in the order a viewer gets them:
`start` (forget everything: the stream opens, or the lab was reset), `state`, `request`, `message`.
"""

import asyncio
import json
from collections.abc import AsyncIterator

from labkit.base.addresses import public_url
from labkit.practice_api import data
from labkit.practice_api.switchboard import Switchboard

TICK_S = 0.1
MESSAGES_SHOWN = 100
FIELDS_SHOWN = 40
LONGEST_FIELD = 4000


class Stream:
    """The events of one switchboard. `close` ends every open viewer within a tick: the server is stopping."""

    def __init__(self, board: Switchboard):
        self.board = board
        self.closed = False

    def close(self) -> None:
        self.closed = True

    async def events(self) -> AsyncIterator[bytes]:
        viewer = Viewer(self.board)
        while not self.closed:
            if news := viewer.news():
                yield news
            await asyncio.sleep(TICK_S)


class Viewer:
    """What one open page has been told, and what it has yet to be."""

    def __init__(self, board: Switchboard):
        self.board = board
        self._start_again(resets=-1)

    def _start_again(self, resets: int) -> None:
        self.resets, self.request, self.message = resets, 0, 0
        self.state: dict = {}

    def news(self) -> bytes:
        """The events this viewer lacks, encoded; empty when it lacks none."""
        board, events = self.board, []
        if self.resets != board.resets:
            self._start_again(board.resets)
            events.append(encode("start", {"jupyter": public_url("jupyter")}))
        state = board_state(board)
        if state != self.state:
            self.state = state
            events.append(encode("state", state))
        for entry in board.journal.after(self.request):
            self.request = entry.number
            events.append(encode("request", vars(entry)))
        for kept in list(board.inbox)[-MESSAGES_SHOWN:]:
            if kept["number"] > self.message:
                self.message = kept["number"]
                events.append(encode("message", shown(kept)))
        return b"".join(events)


def encode(name: str, content: dict) -> bytes:
    """One event. ASCII JSON: it holds no line break, and a lone surrogate in a message does no harm."""
    return f"event: {name}\ndata: {json.dumps(content)}\n\n".encode("ascii")


def board_state(board: Switchboard) -> dict:
    """What stands on the switchboard, small enough to be sent whole at each change."""
    inbox = list(board.inbox)
    return {
        "now": data.iso(board.now),
        "faults": [fault.model_dump() for fault in list(board.faults)],
        "pending_inserts": [insert.model_dump(mode="json") for insert in list(board.pending_inserts)],
        "inserted": sum(map(len, board.inserted.values())),
        "requests": board.requests.total(),
        "statuses": {str(status): count for status, count in sorted(board.statuses.items())},
        "messages": len(inbox),
        "oldest_message": inbox[0]["number"] if inbox else board.messages + 1,
    }


def shown(kept: dict) -> dict:
    """A message of the inbox fit to be shown: its fields that say something as text, none too long, not too many."""
    fields = [(name[:100], as_text(value)) for name, value in kept["message"].items() if value is not None]
    return {"number": kept["number"], "at": kept["at"], "fields": dict(fields[:FIELDS_SHOWN])}


def as_text(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_FIELD else f"{text[:LONGEST_FIELD]}…"
