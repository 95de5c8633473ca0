"""From the ids that an agency is sent nobody works out another one; what has one from before keeps
it (decision 43).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest

from ops.look.replay import Wanted, replay
from ops.look.verify import verify
from schemas.information import InformationAnswered
from tests.proofs.f20 import KINDS, Pair, Play, site
from tests.proofs.guessing import Guesser, by_the_old_rule
from tests.proofs.onlookers import Borough, Site
from tests.support.filled import grown

AGENCIES = ("csc_duty_team", "police_cait", "school", "police")
"""Two who get a product each, who is asked and answers, and who told."""


@pytest.fixture(scope="module")
def borough() -> Iterator[Site]:
    with site() as made:
        yield made


def found_out(site_: Site) -> dict[str, int]:
    """How many ids of a story agencies work out that they were not sent, by what they are of."""
    told = Borough.at(site_)
    try:
        pair = replace(Pair.drawn("7", KINDS["answered"]), colour="red")
        play = Play(pair, told, silent=True)
        play.begins()
        found = Counter(messages=0)
        for agency in AGENCIES:
            guesser = Guesser(told, agency, tuple(site_.settings.agencies))
            others, guesses = guesser.others(), guesser.guesses()
            assert len(others["messages"]) > 20
            found.update({what: len(ids & guesses) for what, ids in others.items()})
        return dict(found)
    finally:
        told.hub.database.close()


def test_no_agency_works_out_an_id_that_it_was_not_sent(borough: Site) -> None:
    found = found_out(borough)
    assert found == {"messages": 0, "letters": 0, "items": 0, "products": 0, "requests": 0}


def test_by_the_rule_of_before_it_works_them_out(borough: Site) -> None:
    with by_the_old_rule():
        found = found_out(borough)
    assert all(found.values()), found


def test_a_referral_of_before_keeps_its_ids_and_is_decided_again_as_it_was(borough: Site) -> None:
    told = Borough.at(borough, with_secret=False)
    play = Play(replace(Pair.drawn("7", KINDS["answered late"]), colour="red"), told, silent=True)
    with by_the_old_rule():
        play.begins()
        before = play.ids()
    play.goes_on()
    again = told.tells("police", "notification", play._notified())
    other = told.tells("police", "notification", play._notified() | {"reference": "R-other"})
    assert [play.referral_id[14], again[14], other[14]] == ["8", "7", "7"]
    late = {
        item.item_id
        for one in told.messages(InformationAnswered)
        if isinstance(one.data, InformationAnswered) and one.id[14] == "7"
        for item in one.data.items
    }
    assert {id_[14] for id_ in late} == {"8"}
    assert all(mine <= now for mine, now in zip(before, play.ids(), strict=True))
    hub = told.hub
    grown(hub)
    assert verify(hub, contents=True).flaws == []
    assert replay(hub, Wanted()).well
    assert replay(hub, Wanted(about=play.referral_id)).well
    told.hub.database.close()
