"""Identifiers: which are found in a page, in which form, and what is known of each."""

import pytest

from tidegate.desk.evidence.identifiers import Identifier, Validity, find


def kinds(found: list[Identifier]) -> dict[str, str]:
    return {identifier.kind: identifier.normalised for identifier in found}


@pytest.mark.parametrize(
    ("text", "where", "expected"),
    [
        ("Ligue (11) 98765-4321", {"tld": "br"}, "+5511987654321"),
        ("Llame al 912 34 56 78", {"language": "es"}, "+34912345678"),
        ("फोन ९८७६५ ४३२१०", {"language": "hi"}, "+919876543210"),
        ("Hubungi 0812-3456-7890", {"language": "id"}, "+6281234567890"),
        ("اتصل ٠١٠١٢٣٤٥٦٧٨", {"language": "ar"}, "+201012345678"),
        ("тел. 8 (495) 123-45-67", {"tld": "ru"}, "+74951234567"),
        ("Tel 0532 123 45 67", {"tld": "com.tr"}, "+905321234567"),
        ("tel. 02 12345678", {"tld": "it"}, "+390212345678"),
        ("Tél. 01 23 45 67 89", {"language": "fr"}, "+33123456789"),
        ("Tel. 030 901820", {"tld": "de"}, "+4930901820"),
        ("电话：138 0013 8000", {"language": "zh"}, "+8613800138000"),
        ("＋５５ １１ ９８７６５ ４３２１", {}, "+5511987654321"),
        ("0044 20 7946 0958", {}, "+442079460958"),
        ("(650) 253-0000", {"region_hint": "us"}, "+16502530000"),
    ],
)
def test_phone_numbers_in_all_scripts_and_national_forms(
    text: str, where: dict[str, str], expected: str
) -> None:
    found = [identifier for identifier in find(text, **where) if identifier.type == "phone"]
    assert [identifier.normalised for identifier in found] == [expected]
    assert text[found[0].start : found[0].end] == found[0].raw


def test_a_country_guessed_from_the_language_is_only_plausible() -> None:
    (guessed,) = find("Tél. 01 23 45 67 89", language="fr")
    (told,) = find("Tél. 01 23 45 67 89", tld="fr")
    assert (guessed.validity, told.validity) == (Validity.PLAUSIBLE, Validity.VALID)
    assert find("Tél. 01 23 45 67 89") == []


def test_numbers_side_by_side_are_told_apart() -> None:
    found = find("11 98765-4321 11 91234-5678 / (21) 99876-5432", tld="br")
    assert [one.normalised for one in found] == ["+5511987654321", "+5511912345678", "+5521998765432"]


@pytest.mark.parametrize(
    "text",
    [
        "Invoice no. 11 98765-4321",
        "CNPJ 11.222.333/0001-81",
        "P.IVA 00743110157",
        "2019-12-07 12:00",
        "1.000.000.000",
        "192.168.100.200",
        "pedido 11987654321",
    ],
)
def test_other_numbers_are_no_phone_numbers(text: str) -> None:
    for where in ("BR", "IT", "IN"):
        assert "phone" not in {identifier.type for identifier in find(text, region_hint=where)}


@pytest.mark.parametrize(
    ("text", "kind", "normalised", "validity"),
    [
        ("CNPJ 11.222.333/0001-81", "registration:br_cnpj", "11222333000181", "valid"),
        ("CNPJ: 11222333000182", "registration:br_cnpj", "11222333000182", "invalid"),
        ("CIF B-58818501", "registration:es_nif", "B58818501", "valid"),
        ("SIRET : 732 829 320 00074", "registration:fr_siret", "73282932000074", "valid"),
        ("ИНН ７７０７０８３８９３", "registration:ru_inn", "7707083893", "valid"),
        ("VKN 1234567890", "registration:tr_vkn", "1234567890", "valid"),
        ("GSTIN 27AAPFU0939F1ZV", "registration:in_gstin", "27AAPFU0939F1ZV", "valid"),
        ("USt-IdNr. DE136695976", "registration:eu_vat", "DE136695976", "valid"),
        ("NPWP 01.855.081.4-412.000", "registration:id_npwp", "018550814412000", "valid"),
        ("统一社会信用代码：91110000600037341L", "registration:cn_uscc", "91110000600037341L", "valid"),
        ("HRB 12345", "registration:de_hr", "12345", "plausible"),
        ("IBAN GB82 WEST 1234 5698 7654 32", "payment:iban", "GB82WEST12345698765432", "valid"),
        ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "payment:btc", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "valid"),
        (
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "payment:eth",
            "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
            "valid",
        ),
        (
            "0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "payment:eth",
            "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
            "invalid",
        ),
        (
            "Chave PIX: 123e4567-e89b-12d3-a456-426614174000",
            "payment:pix",
            "123e4567-e89b-12d3-a456-426614174000",
            "plausible",
        ),
        ("UPI: novacom@okaxis", "payment:upi", "novacom@okaxis", "plausible"),
        ("gtag UA-12345-1", "analytics:ua", "UA-12345", "plausible"),
        ("id=G-1A2B3C4D5E", "analytics:ga4", "G-1A2B3C4D5E", "plausible"),
        ("GTM-ABC1234", "analytics:gtm", "GTM-ABC1234", "plausible"),
        ("info [at] kestrel [dot] de", "email", "info@kestrel.de", "valid"),
        ("ventas arroba ejemplo punto es", "email", "ventas@ejemplo.es", "valid"),
        ("Info@Example.COM.", "email", "info@example.com", "valid"),
        ("https://www.shop.example.co.uk/a?b=c", "domain", "example.co.uk", "valid"),
        ("сайт рассылка.рф", "domain", "xn--80aa3adxha4f.xn--p1ai", "valid"),
        ("访问example.cn购买", "domain", "example.cn", "valid"),
        ("ask @Nova_Bot now", "handle", "@nova_bot", "plausible"),
        ("@sales:matrix.example.org", "handle", "@sales:matrix.example.org", "plausible"),
        ("https://matrix.to/#/#sales:example.org", "chat_link", "matrix.to/sales:example.org", "plausible"),
        ("chat.example/send?phone=5511987654321", "chat_link", "chat.example/+5511987654321", "valid"),
        ("pelmora://send?phone=5511987654321&text=hi", "chat_link", "pelmora/+5511987654321", "valid"),
        ("Novacom Soluções Ltda", "company", "novacom soluções", "plausible"),
        ("Novacom, S.L.", "company", "novacom", "plausible"),
        ("die Firma Kestrel Media GmbH", "company", "kestrel media", "plausible"),
        ("PT Tamarind Labs", "company", "tamarind labs", "plausible"),
        ("by Tamarind Labs Pvt. Ltd.", "company", "tamarind labs", "plausible"),
        ("ООО «Рассылка Плюс»", "company", "рассылка плюс", "plausible"),
        ("Aral Yazılım A.Ş.", "company", "aral yazılım", "plausible"),
        ("Brisa S.r.l.", "company", "brisa", "plausible"),
        ("北京诺瓦科技有限公司", "company", "北京诺瓦科技有限公司", "plausible"),
    ],
)
def test_each_sort_is_found_normalised_and_judged(
    text: str, kind: str, normalised: str, validity: str
) -> None:
    found = [identifier for identifier in find(text) if identifier.kind == kind]
    assert [(one.normalised, one.validity.value) for one in found] == [(normalised, validity)]
    assert text[found[0].start : found[0].end] == found[0].raw


def test_a_link_that_opens_a_chat_gives_its_number_too() -> None:
    assert kinds(find("https://chat.example/5511987654321?text=oi")) == {
        "chat_link": "chat.example/+5511987654321",
        "phone": "+5511987654321",
    }


@pytest.mark.parametrize(
    "text",
    [
        "meet us at example",
        "the end.In the next",
        "main.py and README.md",
        "@media print",
        "we at 5 dot 3",
        "1.2.3",
    ],
)
def test_what_only_looks_like_an_address_is_left_alone(text: str) -> None:
    assert find(text) == []


def test_places_are_those_of_the_original_after_invisible_signs() -> None:
    text = "tel\u200b: +55\u00ad 11\u200e 9\u20118765 4321, info\u200b@exa\u00admple.com"
    found = find(text)
    assert [identifier.normalised for identifier in found] == ["+5511987654321", "info@example.com"]
    assert found[0].raw == text[found[0].start : found[0].end] == "+55\u00ad 11\u200e 9\u20118765 4321"
