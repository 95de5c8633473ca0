"""`hub audit owner`: what of one agency's is in the record, over all cases (R49)."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, get_args

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from ops.access.acting import asker
from ops.cli import main
from ops.demo.running import DemoFolder
from ops.look import owned
from ops.look.owned import Period
from ops.run.wiring import Hub
from router.steps.release import sending
from schemas.access import Purpose
from schemas.base import Fact, Shape
from schemas.information import InformationRequested
from schemas.notification import Notification, NotificationReceived
from schemas.picture import PictureShown
from schemas.product import ProductApproved, ToAct
from schemas.topics import TOPICS
from stores import cursors, journal, linking, overview
from tests.support import given, products
from tests.support.filled import empty_hub, filled_hub, grown

ME = ("--who", "J. Auditor", "--why", "yearly sample")
OF_TYPE = "SELECT message_id, correlation_id FROM journal WHERE type = '{}' {} ORDER BY position"
FROM = "AND chain LIKE 'intake/%/{}'"
Found = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Place:
    """A hub that has worked, and what is told of each of its agencies."""

    folder: DemoFolder
    hub: Hub
    of: Mapping[str, Found]
    last: int
    """The position of the newest entry before anybody asked."""

    @property
    def all(self) -> Found:
        return [one for found in self.of.values() for one in found]


def asked(folder: DemoFolder, agency: str, *more: str) -> Result:
    said = more if "--who" in more else (*ME, *more)
    config = ("--config", str(folder.config))
    return CliRunner().invoke(main, ["audit", "owner", agency, *config, *said])


def told(place: Place, agency: str, *more: str) -> Found:
    answer = asked(place.folder, agency, "--json", *more)
    assert answer.exit_code == 0, answer.output
    found: Found = json.loads(answer.stdout)
    return found


def rows(hub: Hub, type_: str, also: str = "") -> list[Any]:
    with hub.database.reading() as connection:
        return list(connection.execute(text(OF_TYPE.format(type_, also))).all())


def of_kind(found: Found, kind: str) -> list[str]:
    return [one["message_id"] for one in found if one["kind"] == kind]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder, hub = filled_hub(tmp_path_factory.mktemp("hub") / "hub", notifications=4)
    decision = rows(hub, "mash.rating.decided.v1")[0].message_id
    look = ["audit", "as-of", decision, *ME, "--config", str(folder.config)]
    assert CliRunner().invoke(main, look).exit_code == 0
    grown(hub)
    me = asker(hub, ME[1], why=ME[3], purpose=Purpose.AUDIT)
    with hub.database.reading() as connection:
        last = overview.last_position(connection)
    of = {
        agency: [asdict(one) for one in owned.ask(hub, agency, asker=me, period=Period())]
        for agency in hub.settings.agencies
    }
    return Place(folder, hub, of, last)


def test_all_that_agencies_told_is_somebodys(place: Place) -> None:
    for type_ in ("mash.notification.received.v1", "mash.information.received.v1"):
        for agency, found in place.of.items():
            theirs = {row.message_id for row in rows(place.hub, type_, FROM.format(agency))}
            assert theirs <= set(of_kind(found, "told"))


def test_every_decision_of_an_owner_is_told_once(place: Place) -> None:
    decided = [one for one in place.all if one["type"] == "mash.product.item-decided.v1"]
    expected = [row.message_id for row in rows(place.hub, "mash.product.item-decided.v1")]
    assert sorted(one["message_id"] for one in decided) == sorted(expected)
    assert {one["kind"] for one in decided} <= {"approved", "withheld"}
    assert all(one["by"] and one["items"] and one["product"] for one in decided)
    assert decided


def test_what_left_is_told_to_each_whose_words_are_in_it(place: Place) -> None:
    released = {row.message_id for row in rows(place.hub, "mash.product.released.v1")}
    found = set(of_kind(place.all, "released"))
    assert found
    assert found <= released
    assert of_kind(place.all, "handed over")


def test_who_looked_is_told_also_where_it_was_a_picture(place: Place) -> None:
    looks = [one for one in place.all if one["kind"] == "looked at"]
    by_name = [one for one in looks if one["type"] == "mash.record.revealed.v1"]
    assert {(one["by"], one["why"]) for one in by_name} == {("J. Auditor", "yearly sample")}
    assert any(one["type"] == "mash.picture.shown.v1" for one in looks)


def test_each_is_told_with_its_leaf_in_the_order_of_the_record(place: Place) -> None:
    found = place.of["police"]
    with place.hub.database.reading() as connection:
        query = text("SELECT position, leaf FROM leaves WHERE position > 0")
        leaf = {row.position: row.leaf for row in connection.execute(query)}
    assert len(found) > 3
    assert all(one["leaf"] == leaf[one["position"]] for one in found)
    assert [one["position"] for one in found] == sorted(one["position"] for one in found)


def test_only_what_was_recorded_in_a_time_is_told(place: Place) -> None:
    assert told(place, "police", "--until", "2020-01-01") == []
    assert told(place, "police", "--from", "2999-01-01") == []
    assert len(told(place, "police", "--from", "2020-01-01", "--until", "2999-01-01")) > 3


def test_page_by_page_it_is_all_of_it(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where a case is told of on many pages, and with all that its record has."""
    monkeypatch.setattr(owned, "_PAGE_CASES", 2)
    monkeypatch.setattr(owned, "TELLING", tuple(fact for topic in TOPICS for fact in topic.facts))
    me = asker(place.hub, ME[1], why=ME[3], purpose=Purpose.AUDIT)
    for agency, whole in place.of.items():
        found, before, pages = Found(), 1 << 62, 0
        while before:
            part = owned.newest(place.hub, agency, asker=me, period=Period(), before=before)
            found = [*map(asdict, part.found), *found]
            before, pages = part.older or 0, pages + 1
        assert [one for one in found if one["position"] <= place.last] == whole
        assert pages > 2


def test_a_page_opens_each_entry_once_and_of_few_cases(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[tuple[str, str]] = []
    real = journal.opened

    def noted(row: Any, keys: Any) -> Any:
        opened.append((row.message_id, row.correlation_id))
        return real(row, keys)

    monkeypatch.setattr(journal, "opened", noted)
    monkeypatch.setattr(owned, "_PAGE_CASES", 1)
    me = asker(place.hub, ME[1], why=ME[3], purpose=Purpose.AUDIT)
    before = rows(place.hub, "mash.picture.shown.v1")[-1].message_id
    with place.hub.database.reading() as connection:
        (row,) = journal.rows_of(connection, [before])
    opened.clear()
    part = owned.newest(place.hub, "police", asker=me, period=Period(), before=row.position + 1)
    assert part.older is not None
    cases = {one.correlation_id for one in rows(place.hub, NotificationReceived.type)}
    of_cases = [one for one in opened if one[1] in cases]
    assert {referral for _, referral in of_cases} == {row.correlation_id}
    assert len(of_cases) == len(set(of_cases)) > 1


def test_whatever_can_say_whose_an_item_is_is_read() -> None:
    """But for pictures, which repeat it."""
    pictured = {PictureShown, InformationRequested}
    telling = {fact for topic in TOPICS for fact in topic.facts if any(map(_tells, _parts(fact)))}
    assert telling - pictured == set(owned.TELLING)


def _tells(shape: type[Shape]) -> bool:
    fields = shape.model_fields.keys()
    sensitive = "sensitivity" in fields or hasattr(shape, "may_be_revealed")
    return shape is Notification or ("item_id" in fields and sensitive)


def _parts(annotation: Any) -> Iterator[type[Shape]]:
    if isinstance(annotation, type) and issubclass(annotation, Shape):
        yield annotation
        for field in annotation.model_fields.values():
            yield from _parts(field.annotation)
    for part in get_args(annotation):
        yield from _parts(part)


def test_people_read_it_in_words_and_nothing_that_it_told_is_in_it(place: Place) -> None:
    said = asked(place.folder, "police").stdout
    assert "leaf" in said
    assert "told" in said
    with place.hub.database.view() as view:
        narratives = [
            entry.message.data.notification.narrative
            for entry in linking.from_outside(view, type_=NotificationReceived)
            if isinstance(entry.message.data, NotificationReceived)
        ]
    assert narratives
    assert not any(narrative in said for narrative in narratives)


def test_that_somebody_asked_is_recorded_and_told_next_time(place: Place) -> None:
    before = [one for one in told(place, "housing") if one["type"] == "mash.record.accessed.v1"]
    assert {one["by"] for one in before} == {"J. Auditor"}


def test_who_may_not_ask_is_told_so(place: Place) -> None:
    before = len(rows(place.hub, "mash.access.denied.v1"))
    answer = asked(place.folder, "police", "--who", "A. Operator", "--why", "curious")
    assert (answer.exit_code, answer.stdout) == (1, "")
    assert len(rows(place.hub, "mash.access.denied.v1")) == before + 1


def test_an_agency_that_is_none_is_said(place: Place) -> None:
    answer = asked(place.folder, "nobody")
    assert (answer.exit_code, "is no agency" in answer.output) == (2, True)


def test_what_was_not_sent_and_what_is_left_are_told_as_what_they_were(tmp_path: Path) -> None:
    """The school took its item back while the letter was in hand: the GP's goes without it."""
    folder, hub = empty_hub(tmp_path / "hub")
    of_gp = _item("gp")
    whole = products.approved(items=(_item("school"), of_gp), signposts=())
    less = whole.model_copy(update={"items": (of_gp,)})
    first, second = (sending.letter_named(cause) for cause in ("first", "second"))
    _record(hub, whole, _released(whole), cause="first")
    _record(hub, products.fetched(first), products.withdrawn())
    _record(hub, _released(less), cause="second")
    _record(hub, products.unsent(first), products.fetched(second))
    hub.database.close()
    on_its_way = {"released", "handed over", "not sent"}
    kinds = {
        agency: [
            (one["kind"], one["items"])
            for one in json.loads(asked(folder, agency, "--json").stdout)
            if one["kind"] in on_its_way
        ]
        for agency in ("school", "gp")
    }
    once = [(kind, ["item-school"]) for kind in ("released", "handed over", "not sent")]
    gps = ["released", "handed over", "released", "not sent", "handed over"]
    assert kinds == {"school": once, "gp": [(kind, ["item-gp"]) for kind in gps]}


def _item(owner: str) -> Any:
    (item,) = products.approved().items
    id_ = f"item-{owner}"
    said = {"item_id": id_, "owner": owner, "digest": products.digest(id_, item.text)}
    return item.model_copy(update=said)


def _released(approved: ProductApproved) -> Fact:
    return sending.released(approved, ToAct())


def _record(hub: Hub, *facts: Fact, cause: str | None = None) -> None:
    now = dt.datetime.now(dt.UTC)
    messages = [replace(given.message(fact, at=now), causation_id=cause) for fact in facts]
    with hub.database.transaction() as transaction:
        cursor = cursors.lock(transaction, "put")
        journal.append(transaction, cursor, messages=messages)
        cursors.store(transaction, cursor)
