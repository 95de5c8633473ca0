"""Which known child a notification is about: pure, on candidates that the store found."""

from router.linkage.keys import keys, profile_keys
from router.linkage.link import Linkage, link
from router.linkage.model import Model, load_model
from router.linkage.profile import Profile, extend, found
from router.linkage.subject import Subject, describe

__all__ = [
    "Linkage",
    "Model",
    "Profile",
    "Subject",
    "describe",
    "extend",
    "found",
    "keys",
    "link",
    "load_model",
    "profile_keys",
]
