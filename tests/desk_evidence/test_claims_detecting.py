"""Claims: what is picked out of a page, with its exact words, and what is left alone."""

import hashlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.desk.evidence.claims import Channel, Settings, detect
from tidegate.desk.evidence.claims.sentences import sentences
from tidegate.desk.evidence.claims.settings import LONGEST_SENTENCE, MOST_CHARACTERS

NAME = Settings(names=("Kurierchen", "Курьерчик", "信使通"))
OFFERS = {
    "en": "Our software sends bulk messages on Kurierchen to thousands of customers without being blocked.",
    "pt": "Nosso sistema faz disparo em massa no Kurierchen para milhares de clientes sem ser bloqueado.",
    "es": "Nuestro sistema hace envíos masivos por Kurierchen a miles de clientes sin que le bloqueen.",
    "it": "Il nostro sistema fa invii massivi su Kurierchen a migliaia di clienti senza essere bloccato.",
    "fr": "Notre logiciel envoie des messages en masse sur Kurierchen à des milliers de clients sans être bloqué.",
    "de": "Mit unserer Software senden Sie Massennachrichten über Kurierchen an Tausende, ohne gesperrt zu werden.",
    "id": "Sistem kami blast pesan massal di Kurierchen ke ribuan pelanggan tanpa diblokir.",
    "ru": "Наша программа делает массовую рассылку в Курьерчик тысячам клиентов без блокировки.",
    "tr": "Yazılımımız Kurierchen üzerinden binlerce müşteriye engellenmeden toplu mesaj gönderir.",
    "hi": "हमारा सॉफ्टवेयर Kurierchen पर हजारों ग्राहकों को ब्लॉक हुए बिना बल्क मैसेज भेजता है।",
    "ar": "برنامجنا يرسل رسائل جماعية على Kurierchen إلى آلاف العملاء دون حظر.",
    "zh": "我们的软件在信使通上群发消息给数千客户，不会被封。",
}
LEFT_ALONE = {
    "en": "You must not use Kurierchen to send bulk or automated messages.",
    "pt": "É proibido usar o Kurierchen para enviar mensagens em massa ou automáticas.",
    "es": "Está prohibido usar Kurierchen para enviar mensajes masivos o automáticos.",
    "it": "È vietato usare Kurierchen per inviare messaggi massivi o automatici.",
    "fr": "Il est interdit d'utiliser Kurierchen pour envoyer des messages en masse ou automatiques.",
    "de": "Es ist verboten, über Kurierchen massenhafte oder automatisierte Nachrichten zu senden.",
    "id": "Dilarang memakai Kurierchen untuk mengirim pesan massal atau otomatis.",
    "ru": "Запрещается использовать Курьерчик для массовых или автоматических сообщений.",
    "tr": "Kurierchen üzerinden toplu veya otomatik mesaj göndermek yasaktır.",
    "hi": "Kurierchen पर थोक या स्वचालित संदेश भेजना मना है।",
    "ar": "يحظر استخدام Kurierchen لإرسال رسائل جماعية أو آلية.",
    "zh": "禁止使用信使通发送批量或自动消息。",
}


@pytest.mark.parametrize("language", sorted(OFFERS))
def test_an_offer_is_found_and_a_rule_against_it_is_not(language: str) -> None:
    text = f"{LEFT_ALONE[language]}\n{OFFERS[language]}\n"
    found = detect(text, settings=NAME)
    assert [claim.quote for claim in found] == [OFFERS[language]]
    (claim,) = found
    assert claim.language == language
    assert (claim.kind, claim.stance, claim.channel) == ("bulk", "offers", "messenger")
    assert claim.explicit


def test_quotes_are_verbatim_with_offsets_and_hash() -> None:
    text = "\ufeff  Über uns\r\n\r\n" + OFFERS["de"] + "\u2028— Ende"
    (claim,) = detect(text, settings=NAME)
    assert text[claim.start : claim.end] == claim.quote == OFFERS["de"]
    assert claim.sha256 == hashlib.sha256(claim.quote.encode()).hexdigest()
    for place in (*claim.words, *claim.mentions):
        assert text[place.start : place.start + len(place.text)] == place.text


def test_the_words_that_carried_the_score_are_named() -> None:
    (claim,) = detect(OFFERS["en"], settings=NAME)
    assert {"bulk", "Kurierchen", "thousands"} & {word.text for word in claim.words if word.weight > 0}
    assert "bulk" in {mention.concept for mention in claim.mentions}


@pytest.mark.parametrize("name", ["Zwitscherpost", "Blue Chat", "Wén"])
def test_any_name_works_the_same(name: str) -> None:
    (mine,) = detect(OFFERS["en"], settings=NAME)
    (other,) = detect(OFFERS["en"].replace("Kurierchen", name), settings=Settings(names=(name,)))
    assert other.score == pytest.approx(mine.score, abs=1e-9)
    assert other.channel == mine.channel


def test_a_sentence_that_does_not_name_the_messenger_is_implicit() -> None:
    sentence = "Send 10,000 promotional messages a day without getting banned."
    (alone,) = detect(sentence, settings=NAME)
    assert (alone.channel, alone.explicit) == (Channel.UNCLEAR, False)
    (after,) = [
        claim for claim in detect(f"About Kurierchen.\n{sentence}", settings=NAME) if claim.quote == sentence
    ]
    assert (after.channel, after.explicit) == (Channel.MESSENGER, False)


def test_other_channels_are_shown_when_asked_for() -> None:
    text = "Bulk SMS gateway: send 10,000 text messages in minutes."
    assert detect(text, settings=NAME) == []
    (claim,) = detect(text, settings=Settings(names=NAME.names, other_channels=True))
    assert claim.channel is Channel.SMS


@pytest.mark.parametrize(
    "text",
    [
        "A court ordered Novacom to stop selling bulk messages on Kurierchen, according to the ruling.",
        "We will take legal action against companies that we can link to bulk or automated messaging on Kurierchen.",
        "As an official partner of Kurierchen we set up approved templates for customers who opted in.",
        "Export your own Kurierchen chat history to PDF",
        "About us\nContact\nPrices\nSign in",
    ],
)
def test_news_notice_official_and_personal_texts_are_left_alone(text: str) -> None:
    assert detect(text, settings=NAME) == []


def test_abbreviations_and_wrapped_lines_do_not_end_a_sentence() -> None:
    text = "Novacom Ltd. sends more. We write on your behalf to everybody you\nhave ever met on a list of ours.\nNext"
    wrapped = [text[start:end] for start, end in sentences(text)]
    assert wrapped[0] == "Novacom Ltd. sends more."
    assert wrapped[1].startswith("We write") and wrapped[1].endswith("of ours.")
    assert wrapped[2] == "Next"


@given(st.text())
def test_sentences_are_in_order_inside_and_lose_no_letter(text: str) -> None:
    places = list(sentences(text))
    assert all(0 <= start < end <= len(text) and end - start <= LONGEST_SENTENCE for start, end in places)
    assert all(before[1] <= after[0] for before, after in pairwise(places))
    kept = "".join(text[start:end] for start, end in places)
    assert sum(map(str.isalnum, kept)) == sum(map(str.isalnum, text))


@given(st.text(alphabet=st.characters() | st.sampled_from("Kurierchn bulk.\n।。")))
def test_no_text_breaks_detection(text: str) -> None:
    for claim in detect(text, settings=Settings(names=("Kurierchen",), threshold=0.0, other_channels=True)):
        assert text[claim.start : claim.end] == claim.quote
        assert 0 <= claim.score <= 1


def test_a_text_that_nobody_reads_is_refused() -> None:
    with pytest.raises(ValueError, match="at most"):
        detect("a" * (MOST_CHARACTERS + 1))


def test_settings_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="probability"):
        Settings(threshold=2)
    with pytest.raises(ValueError, match="empty"):
        Settings(names=(" ",))
