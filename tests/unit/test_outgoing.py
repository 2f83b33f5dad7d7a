"""The list of where the server may connect to: what it is written like, and what it lets in."""

from ipaddress import ip_address

import pytest

from surveillance.outgoing.entries import allowed

LIST = allowed(
    [
        "pacs.example.org",
        "His.Example.org:2575",
        "10.1.0.0/16",
        "192.0.2.7:104",
        "[2001:db8::7]:443",
        "0.0.0.0/0:8443",
        "127.0.0.1",
        "",
    ]
)


@pytest.mark.parametrize(
    ("host", "port", "is_in"),
    [
        ("pacs.example.org", 1, True),
        ("PACS.example.org.", 443, True),
        ("his.example.org", 2575, True),
        ("his.example.org", 2576, False),
        ("evil.pacs.example.org", 443, False),
        ("example.org", 443, False),
    ],
)
def test_a_name_is_let_in_whole_and_on_its_port(host: str, port: int, is_in: bool) -> None:
    assert any(entry.has_name(host, port) for entry in LIST) is is_in


@pytest.mark.parametrize(
    ("place", "port", "is_in"),
    [
        ("10.1.255.255", 80, True),
        ("10.2.0.0", 80, False),
        ("192.0.2.7", 104, True),
        ("192.0.2.7", 105, False),
        ("2001:db8::7", 443, True),
        ("198.51.100.1", 8443, True),
        # However wide a network is, these must be named by themselves.
        ("169.254.169.254", 8443, False),
        ("100.100.100.200", 8443, False),
        ("127.0.0.2", 8443, False),
        ("0.0.0.0", 8443, False),
        ("224.0.0.1", 8443, False),
        ("127.0.0.1", 8443, True),
    ],
)
def test_an_address_is_let_in_by_itself_or_by_its_network(
    place: str, port: int, is_in: bool
) -> None:
    assert any(entry.has_address(ip_address(place), port) for entry in LIST) is is_in


@pytest.mark.parametrize(
    "entry", ["https://pacs", "pacs:0", "pacs:65536", "pacs:", "a b", "10.0.0.1/8", "*", "[::1"]
)
def test_what_is_no_entry_is_refused(entry: str) -> None:
    with pytest.raises(ValueError, match="no host, address or network"):
        allowed([entry])
