"""Handlers for events: bodies of many lines, and single ones whose actor is to be judged at once."""

import msgspec

from tidegate.node.api.exchange import Call, Refusal, Reply, in_json
from tidegate.node.api.messages import Checked, RejectedLine, Taken, word_of
from tidegate.node.api.services import Services
from tidegate.node.requests import Delivery, LineRejected
from tidegate.statements.decision import rfc3339

SOURCE_LIMIT_BYTES = 128
LARGEST_SEQUENCE = (1 << 63) - 1


async def take_events(services: Services, call: Call) -> Reply:
    """``POST /v1/events``."""
    source, first = _counting(call)
    receipt = await services.deliver(Delivery(call.body, source, first))
    return in_json(
        Taken(
            receipt.accepted,
            receipt.duplicates,
            receipt.rejected,
            [RejectedLine(one.line, word_of_reason(one.reason), one.message) for one in receipt.rejections],
            receipt.sequence,
        )
    )


async def check(services: Services, call: Call) -> Reply:
    """``POST /v1/check``."""
    receipt = await services.deliver(Delivery(_one_line(call.body), verdict=True))
    verdict = receipt.verdict
    if verdict is None:
        raise _unusable(receipt.rejections)
    return in_json(
        Checked(
            verdict.account,
            word_of(verdict.rung),
            rfc3339(verdict.until_s),
            word_of(verdict.enforced),
            receipt.duplicates > 0,
            receipt.sequence,
        )
    )


def _unusable(rejections: tuple[LineRejected, ...]) -> Refusal:
    if not rejections:
        return Refusal(400, "not_one_event", "a check takes exactly one event, as one object of JSON")
    return Refusal(400, word_of_reason(rejections[0].reason), rejections[0].message)


def _counting(call: Call) -> tuple[str, int]:
    """Who sends, and the number of the body's first line in its own counting. Raises :class:`Refusal`."""
    source = call.headers.get(b"tidegate-source")
    number = call.headers.get(b"tidegate-sequence")
    if source is None and number is None:
        return "", 0
    if source is None:
        raise Refusal(400, "bad_header", "Tidegate-Sequence needs Tidegate-Source: whose counting is it?")
    if not 1 <= len(source) <= SOURCE_LIMIT_BYTES or not all(0x21 <= byte <= 0x7E for byte in source):
        wanted = f"1 to {SOURCE_LIMIT_BYTES} visible ASCII characters"
        raise Refusal(400, "bad_header", f"Tidegate-Source must be a name of {wanted}")
    if number is not None and not (number.isdigit() and 1 <= int(number[:20]) <= LARGEST_SEQUENCE):
        raise Refusal(400, "bad_header", "Tidegate-Sequence must be the number of the first line, from 1")
    return source.decode("ascii"), int(number or 0)


def _one_line(body: bytes) -> bytes:
    """JSON that somebody spread over several lines is one event all the same."""
    body = body.strip()
    if b"\n" not in body and b"\r" not in body:
        return body
    try:
        return msgspec.json.format(body, indent=-1)
    except msgspec.DecodeError as error:
        raise Refusal(400, "not_json", str(error)) from None


def word_of_reason(reason: str) -> str:
    """``not JSON`` as a word for programs: ``not_json``."""
    return reason.lower().replace(" ", "_").replace("-", "_")
