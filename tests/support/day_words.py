"""Words and parts of the letters in the days of the borough."""

from __future__ import annotations

from typing import Any

from tests.support import family_days as story
from tests.support.days import Data


def some(found: Any, wanted: Any) -> Any:
    """Of what was found as much as is wanted: fields that are added later are no difference."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        return {name: some(found[name], part) for name, part in wanted.items() if name in found}
    if isinstance(wanted, list) and isinstance(found, list) and len(found) == len(wanted):
        return [some(one, other) for one, other in zip(found, wanted, strict=True)]
    return found


def name(given: str, family: str, **more: Any) -> Data:
    return {"family_name": [family], "given_name": [given], "use": "usual", **more}


def born(day: str) -> Data:
    return {"date": day, "accuracy_indicator": "AAA"}


RING_THE_HUB = "MASH manager, 01632 960102"
PROTECTED = {"field": "address", "reason": "It is protected."}
KIRA = {
    "names": [name("Kira", "Varley", preferred_name="Kiki")],
    "born": born("2017-05-09"),
    "sex": "female",
    "identifiers": [{"value": "9994018272", "system": story.NHS}],
}
WHERE_SHE_IS = {
    "telephone": ["01632 960771"],
    "school": {"name": "Harcourt Primary School", "urn": "123456"},
}
HER_FAMILY = [
    {
        "name": name("Leanne", "Varley"),
        "relationship": "mother",
        "date_of_birth": born("1988-01-21"),
        "identifier": [],
    },
    {"name": name("Scott", "Brannigan"), "relationship": "stepfather", "identifier": []},
    {
        "name": name("Danny", "Varley"),
        "relationship": "brother",
        "date_of_birth": born("2014-08-02"),
        "identifier": [],
    },
]
OWEN = {
    "names": [name("Owen", "Pritchard")],
    "born": born("2019-02-11"),
    "sex": "male",
    "identifiers": [{"value": "9996230414", "system": story.NHS}],
}
OWENS_HOME = {"line1": "9 Mill Bank", "city": "Exampleton", "postcode": "BD53 2HT", "use": "home"}
HIS_SCHOOL = {"name": "Harcourt Primary School", "urn": "123456"}
REASONS = [
    "The child is said to have been hit or hurt.",
    "Somebody is said to have been hit with a thing.",
]
CODED = "Its sender codes it as: physical abuse."
HINTED = f"{CODED} A hint by words of the text, and no more: {REASONS[1]}"
"""What is told of a concern that whoever rates it has put in no words."""
LEAD = "childrens_social_care"
PURPOSE = (
    "To safeguard and promote the welfare of the child named, by deciding what help or protection "
    "is needed"
)
NOT_SAID = [
    {"field": field, "reason": "Its owner has not said that it may be told here."}
    for field in ("telephone", "school")
]
