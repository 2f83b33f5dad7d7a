import re

import pytest
from django.utils.translation import override

from schedules.models import Protocol
from schedules.protocol_files import read_protocols
from schedules.protocol_words import read_again

FIELDS = {"title": "name", "population": "for_whom", "note": "limits", "missing": "lacks"}
SHIPPED = [Protocol(**data) for data in read_protocols()]


@pytest.mark.parametrize("protocol", SHIPPED, ids=lambda protocol: protocol.code)
def test_what_a_shipped_protocol_says_of_itself_is_read_in_japanese(protocol: Protocol) -> None:
    for stored, shown in FIELDS.items():
        said = getattr(protocol, stored)
        with override("en-gb"):
            assert getattr(protocol, shown) == said
        with override("ja"):
            read = getattr(protocol, shown)
        assert bool(read) == bool(said)
        # Numbers are the same: 18 months must not become 15.
        if stored != "note":
            assert sorted(re.findall(r"\d+", read)) == sorted(re.findall(r"\d+", said)), stored
        assert not said or re.search("[぀-ヿ一-鿿]", read), (stored, read)


def test_what_a_clinic_wrote_stays_as_it_is() -> None:
    with override("ja"):
        assert read_again("Ours, with an MR each year") == "Ours, with an MR each year"
        assert read_again("") == ""
        own = Protocol(code="ours", version=2, title="Bone sarcoma, ESMO", population="Ours")
        assert (own.name, own.for_whom) == ("骨原発肉腫、ESMO", "Ours")
