import ipaddress

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.events.pseudonym import DEFAULT_KEY, Pseudonyms, network_prefix, phone_range, siphash

# Aumasson and Bernstein, reference implementation, vectors.h: SipHash-2-4 of 00, 00 01, 00 01 02, … under the
# key 00 01 … 0f; here the outputs for inputs of 0 to 8 and of 15 bytes, as bytes.
REFERENCE = {
    0: "310e0edd47db6f72",
    1: "fd67dc93c539f874",
    2: "5a4fa9d909806c0d",
    3: "2d7efbd796666785",
    4: "b7877127e09427cf",
    5: "8da699cd64557618",
    6: "cee3fe586e46c9cb",
    7: "37d1018bf50002ab",
    8: "6224939a79f5f593",
    15: "e545be4961ca29a1",
}


@pytest.mark.parametrize(("length", "expected"), REFERENCE.items())
def test_siphash_gives_the_published_reference_values(length: int, expected: str) -> None:
    pseudonyms = Pseudonyms(bytes(range(16)))
    data = np.arange(length, dtype=np.uint8)
    value = int(siphash(pseudonyms.k0, pseudonyms.k1, data, 0, length))
    assert value.to_bytes(8, "little").hex() == expected


@settings(deadline=None)
@given(st.text(), st.text())
def test_one_and_many_agree_and_never_give_zero(a: str, b: str) -> None:
    a, b = (text.encode("utf-8", "ignore").decode() for text in (a, b))
    pseudonyms = Pseudonyms()
    assert pseudonyms.many([a, b]).tolist() == [pseudonyms.one(a), pseudonyms.one(b)]
    assert pseudonyms.one(a) != 0


def test_slices_and_gaps_of_arrow_arrays_are_hashed_at_their_own_places() -> None:
    pseudonyms = Pseudonyms()
    array = pa.array(["left out", "a", None, "c"]).slice(1)
    assert pseudonyms.many(array).tolist() == [pseudonyms.one("a"), 0, pseudonyms.one("c")]
    assert pseudonyms.many([]).size == 0


@settings(deadline=None)
@given(st.integers(-(2**63), 2**63 - 1))
def test_a_whole_number_is_its_decimal_text(number: int) -> None:
    pseudonyms = Pseudonyms()
    assert pseudonyms.integers(np.array([number]))[0] == pseudonyms.one(str(number))


def test_another_key_gives_other_pseudonyms() -> None:
    assert Pseudonyms().one("alice") == Pseudonyms(DEFAULT_KEY).one("alice")
    assert Pseudonyms(bytes(16)).one("alice") != Pseudonyms().one("alice")


def test_a_key_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(ValueError, match="3 bytes; it must have exactly 16"):
        Pseudonyms(b"abc")


@pytest.mark.parametrize(
    ("address", "prefix"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:7:1::5", "2001:db8:7::/48"),
        ("2001:DB8::1", "2001:db8::/48"),
        ("::ffff:198.51.100.7", "198.51.100.0/24"),
        ("::1", "::/48"),
    ],
)
def test_an_address_is_cut_to_its_network(address: str, prefix: str) -> None:
    assert network_prefix(address) == prefix
    assert Pseudonyms().network(address) == Pseudonyms().one(prefix)
    assert ipaddress.ip_network(prefix).num_addresses > 1


@pytest.mark.parametrize("address", ["", "1.2.3", "256.1.1.1", "01.2.3.4", "2001:db8::1::2", "host.example"])
def test_what_is_no_address_is_an_error_that_says_what_would_be_right(address: str) -> None:
    with pytest.raises(ValueError, match=r"write IPv4 like 203\.0\.113\.7") as error:
        network_prefix(address)
    assert not address or address not in str(error.value)


def test_a_number_range_drops_the_last_four_digits() -> None:
    assert phone_range("+4915112345678") == phone_range("4915112345678") == "+491511234"
    pseudonyms = Pseudonyms()
    assert 0 < pseudonyms.phone_range("+4915112345678") == pseudonyms.phone_range("+4915112340000") < 2**32
    assert 0 < pseudonyms.client("app/1.0") < 2**32


@pytest.mark.parametrize(
    "number", ["", "+12345", "+0301234567", "0301234567", "+49 151 1234567", "+1234567890123456"]
)
def test_what_is_no_number_is_an_error_that_says_what_would_be_right(number: str) -> None:
    with pytest.raises(ValueError, match="7 to 15 digits"):
        phone_range(number)
