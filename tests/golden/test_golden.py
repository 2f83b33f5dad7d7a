from typing import Any

import pytest

from tests.golden.tables import FOLDER, shipped, table, table_file, why_not

FOLLOWED = [protocol for protocol in shipped() if not why_not(protocol)]

WHY_NOT = {
    "bone-esmo": "phase 1, exam without a modality",
    "esmo-sts-low": "phase 1, exam without a modality",
    "jp-sawamura-867": "phase 1, exam without a modality",
    "jp-ups-araki-qa": "phase 1, exam without a modality",
    "nccn-sts-ii-iii": "phase 1, exam without a modality",
    "rps-tarpswg": "no phases",
    "uk-bsg-sts-2024": "no phases",
    "ulms-ago-at": "phase 1, exam without a modality",
    "ulms-nccn": "no phases",
}


@pytest.mark.parametrize("protocol", FOLLOWED, ids=lambda protocol: protocol["code"])
def test_a_protocol_gives_the_dates_that_were_read_and_checked_in(
    protocol: dict[str, Any],
) -> None:
    assert table_file(protocol).read_text(encoding="utf-8") == table(protocol)


def test_no_table_is_left_of_a_protocol_that_cannot_be_followed() -> None:
    assert set(FOLDER.glob("*.txt")) == {table_file(protocol) for protocol in FOLLOWED}


def test_each_draft_that_cannot_be_followed_says_why() -> None:
    assert {protocol["code"]: why for protocol in shipped() if (why := why_not(protocol))} == (
        WHY_NOT
    )


def test_only_drafts_cannot_be_followed() -> None:
    assert {protocol["state"] for protocol in shipped() if why_not(protocol)} == {"draft"}
