"""Profiles by key, in memory: what a store's index does, for training, for tests and to try a model
on a file.
"""

from __future__ import annotations

from collections import defaultdict

from router.linkage.keys import keys, profile_keys
from router.linkage.profile import Profile
from router.linkage.ranking import ranked
from router.linkage.subject import Subject


class Index:
    """Finds the profiles that share keys with a subject, ranked as in a store; ties go to the older
    person.

    A key under which more than ``oversized`` persons are filed is passed over and reported by
    :meth:`crowds`.
    """

    def __init__(self, *, most: int = 30, oversized: int = 400) -> None:
        self._most = most
        self._oversized = oversized
        self._profiles: dict[str, Profile] = {}
        self._filed: dict[str, set[int]] = {}
        self._numbers: dict[str, int] = {}
        self._persons: list[str] = []
        self._blocks: defaultdict[int, list[int]] = defaultdict(list)

    def __len__(self) -> int:
        """How many persons are known."""
        return len(self._profiles)

    def get(self, person_id: str) -> Profile | None:
        """The profile of a person, if known."""
        return self._profiles.get(person_id)

    def put(self, profile: Profile) -> None:
        """File a profile, or file it anew under the keys that it has more than before."""
        person = profile.person_id
        if person not in self._numbers:
            self._numbers[person] = len(self._persons)
            self._persons.append(person)
        filed = self._filed.setdefault(person, set())
        for key in set(profile_keys(profile)) - filed:
            self._blocks[key].append(self._numbers[person])
            filed.add(key)
        self._profiles[person] = profile

    def find(self, subject: Subject) -> list[Profile]:
        """The candidates for a subject."""
        numbers, _ = ranked(keys(subject), self._blocks, most=self._most, oversized=self._oversized)
        return [self._profiles[self._persons[number]] for number in numbers]

    def crowds(self, subject: Subject) -> frozenset[int]:
        """The keys of a subject that were passed over."""
        return ranked(keys(subject), self._blocks, most=self._most, oversized=self._oversized)[1]
