"""The foot of every public page, in the language of the page."""

from typing import Any

from django import template
from django.conf import settings
from django.utils.translation import get_language

from tidegate.desk.notice.documents import Document
from tidegate.desk.notice.library import CODES
from tidegate.desk.notice.page import address, language_for, library, links_to, today
from tidegate.desk.notice.words import words_in

register = template.Library()


@register.inclusion_tag("notice/foot.html")
def public_foot() -> dict[str, Any]:
    """Notice, terms, transparency report, languages of the notice, contact."""
    language = get_language() or "en"
    if language not in CODES:
        language = "en"
    in_force = {document: library().in_force(document, today()) for document in Document}
    return {
        "words": words_in(language),
        "language": language,
        "notice_url": address(Document.NOTICE, language_for(in_force[Document.NOTICE], language)),
        "terms_url": address(Document.TERMS, language_for(in_force[Document.TERMS], language)),
        "languages": links_to(in_force[Document.NOTICE], language, dated=False),
        "contact": settings.TIDEGATE.contact,
    }


@register.simple_tag
def public_words() -> Any:
    """The words of public pages in the language of this one."""
    language = get_language() or "en"
    return words_in(language if language in CODES else "en")
