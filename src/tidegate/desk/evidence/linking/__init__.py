"""Records that share identifiers, linked to entities, accounts and each other. Needs the extra ``evidence``."""

from tidegate.desk.evidence.linking.entities import Entity
from tidegate.desk.evidence.linking.linker import Linked, LinkingError, link
from tidegate.desk.evidence.linking.links import Link, LinkKind, LinkState, Reason, Ruling
from tidegate.desk.evidence.linking.records import Identifier, Record, Role

__all__ = [
    "Entity",
    "Identifier",
    "Link",
    "LinkKind",
    "LinkState",
    "Linked",
    "LinkingError",
    "Reason",
    "Record",
    "Role",
    "Ruling",
    "link",
]
