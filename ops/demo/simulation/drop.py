"""A SIMULATED agency that drops files into its watched folder and reads the receipts that come to
lie beside them.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from connectors.clients.http_client import HubUnavailable
from schemas.message import derived_id
from schemas.notification import Receipt

_LOOK_SECONDS = 0.05


@dataclass(slots=True)
class FolderClient:
    """Sends notifications by dropping them, in the agency's own format. Times are in seconds."""

    path: Path
    timeout: float = 30.0

    def send(self, events: Sequence[Mapping[str, object]]) -> list[Receipt]:
        """Drop the events' data as one file of JSON lines; a receipt for each. Raises
        ``HubUnavailable``.

        Written beside and renamed, so that the hub never sees half a file. The name follows from
        the content: asked again, the same file comes again, and its receipts are looked for,
        whoever wrote them.
        """
        lines = "".join(json.dumps(event["data"]) + "\n" for event in events)
        name = derived_id("drop", lines)
        unfinished = self.path / f"{name}.part"
        unfinished.write_text(lines, encoding="utf-8")
        unfinished.rename(self.path / f"{name}.jsonl")
        return self._receipts(f"*-{name}.jsonl.receipts.jsonl")

    def _receipts(self, pattern: str) -> list[Receipt]:
        deadline = time.monotonic() + self.timeout
        while time.monotonic() < deadline:
            written = sorted((self.path / "receipts").glob(pattern))
            if written:
                lines = written[-1].read_text(encoding="utf-8").splitlines()
                return [Receipt.model_validate_json(line) for line in lines]
            time.sleep(_LOOK_SECONDS)
        raise HubUnavailable
