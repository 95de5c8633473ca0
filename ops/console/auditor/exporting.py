"""What is recorded about a case, with proofs, for disclosure (R48)."""

from __future__ import annotations

import json

from ops.console.auditor.asking import asker, faults, page
from ops.console.screen import File, Page, Visit
from ops.look.disclosure import export as bundled
from ops.look.record import NothingSigned
from schemas.access import Purpose
from stores.tree.disclosing import NoLeafYet


def export(visit: Visit) -> Page:
    """The question."""
    return page(visit, "export")


def take(visit: Visit) -> Page | File:
    """The file; who took it and why is recorded, and told to whose words are in it."""
    if errors := faults(visit, "wanted", say="Write the id of a case, referral or product"):
        return page(visit, "export", errors=errors)
    try:
        bundle = bundled(visit.hub, visit.form.one("wanted"), asker=asker(visit, _FOR))
    except (NothingSigned, NoLeafYet):
        errors = {"wanted": "The hub has not signed the last of it yet: try again in a minute"}
        return page(visit, "export", errors=errors)
    if not bundle["entries"]:
        return page(visit, "export", errors={"wanted": "Nothing is recorded under this id"})
    return File("disclosure.json", json.dumps(bundle, ensure_ascii=False, indent=1).encode())


_FOR = Purpose.DISCLOSURE
