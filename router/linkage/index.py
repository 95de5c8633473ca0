"""Profiles by key, in memory: what a store's index does, for training, for tests and to try a model on a file."""

from __future__ import annotations

from collections import Counter, defaultdict

from router.linkage.keys import keys, profile_keys
from router.linkage.profile import Profile
from router.linkage.subject import Subject


class Index:
    """Finds the profiles that share keys with a subject, most shared keys first; ties go to the older person.

    A key under which more than ``oversized`` persons are filed is passed over and reported by :meth:`crowds`.
    """

    def __init__(self, *, most: int = 30, oversized: int = 400) -> None:
        self._most = most
        self._oversized = oversized
        self._profiles: dict[str, Profile] = {}
        self._filed: dict[str, set[int]] = {}
        self._order: dict[str, int] = {}
        self._persons: defaultdict[int, list[str]] = defaultdict(list)

    def __len__(self) -> int:
        """How many persons are known."""
        return len(self._profiles)

    def get(self, person_id: str) -> Profile | None:
        """The profile of a person, if known."""
        return self._profiles.get(person_id)

    def put(self, profile: Profile) -> None:
        """File a profile, or file it anew under the keys that it has more than before."""
        person = profile.person_id
        filed = self._filed.setdefault(person, set())
        self._order.setdefault(person, len(self._order))
        for key in set(profile_keys(profile)) - filed:
            self._persons[key].append(person)
            filed.add(key)
        self._profiles[person] = profile

    def find(self, subject: Subject) -> list[Profile]:
        """The candidates for a subject."""
        shared: Counter[str] = Counter()
        for key in keys(subject):
            persons = self._persons.get(key, ())
            if len(persons) <= self._oversized:
                shared.update(persons)
        ranked = sorted(shared, key=lambda person: (-shared[person], self._order[person]))
        return [self._profiles[person] for person in ranked[: self._most]]

    def crowds(self, subject: Subject) -> frozenset[int]:
        """The keys of a subject that were passed over."""
        return frozenset(key for key in keys(subject) if len(self._persons.get(key, ())) > self._oversized)
