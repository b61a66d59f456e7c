"""Begin texts of one's own, or check them."""

import shutil
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from tidegate.desk.notice.documents import Document
from tidegate.desk.notice.library import OWN, SHIPPED
from tidegate.desk.notice.page import is_in_force, library


class Command(BaseCommand):
    """``tidegate desk manage -- notice_texts [--copy DATE]``. Texts were checked when the desk was set up, so that it ran
    at all says that they can be used."""

    help = (
        f"Lists the public texts. --copy DATE puts the shipped ones into {OWN}: under their own date, since they are "
        "public until then, and once more as versions valid from that day, to be changed."
    )

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--copy", metavar="DATE", type=date.fromisoformat, help="as 2027-01-15")

    def handle(self, *args: Any, copy: date | None = None, **options: Any) -> None:
        if copy is not None:
            for place in copied(Path(settings.TIDEGATE_FOLDER), copy):
                self.stdout.write(f"{place}: write your own texts here, then look at them with this command")
            return
        for document in Document:
            for one in library().versions(document):
                state = " in force" if is_in_force(one) else ""
                self.stdout.write(f"{document} {one.valid_from} {' '.join(one.texts)}{state}")


def copied(folder: Path, valid_from: date) -> list[Path]:
    """Copy the latest shipped version of each document, under its own date and under the new one. Returns the places of
    the latter. Raises CommandError when there is a version of that day already."""
    places = [folder / OWN / document / valid_from.isoformat() for document in Document]
    for place in places:
        if place.exists():
            raise CommandError(f"{place} is there already; nothing was copied")
    for document, place in zip(Document, places, strict=True):
        shipped = max((SHIPPED / document).iterdir())
        if not place.parent.exists():
            shutil.copytree(shipped, place.parent / shipped.name)
        if not place.exists():
            shutil.copytree(shipped, place)
    return places
