"""An exam is typed in the reader's language, or as the files of protocols have it."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from schedules.forms import MODALITIES
from schedules.protocol_forms import read_exam, write_exam
from schedules.rules.protocol import REGIONS

CONTRAST = st.sampled_from([{}, {"contrast": "with"}, {"contrast": "without"}])
LANGUAGES = st.sampled_from(["en-gb", "ja"])
REGIONS_OF_ONE = st.sets(st.sampled_from(REGIONS), min_size=1)


@given(st.sampled_from(sorted(MODALITIES)), REGIONS_OF_ONE, CONTRAST, LANGUAGES, LANGUAGES)
def test_what_is_written_is_read_again(
    modality: str, regions: set[str], contrast: dict[str, str], writes: str, reads: str
) -> None:
    exam: dict[str, Any] = {
        "modality": modality,
        "regions": [region for region in REGIONS if region in regions],
    }
    exam |= contrast
    with override(writes):
        typed = write_exam(exam)
    with override("ja" if writes == "ja" else reads):  # a file's words are read in any language
        assert read_exam(typed) == exam


@given(st.text())
def test_any_other_line_is_refused(line: str) -> None:
    with override("ja"), pytest.raises(ValidationError):
        read_exam(f"{line} ?")


def test_japanese_is_read_as_it_is_typed() -> None:
    exam = {"modality": "MR", "regions": ["abdomen", "lower_limb"], "contrast": "without"}
    with override("ja"):
        assert write_exam(exam) == "MR 腹部+下肢 造影なし"
        assert read_exam("ＭＲ　下肢＋腹部　造影なし") == exam
        assert write_exam({"regions": ["chest"]}) == "? 胸部"
        assert write_exam({"modality": "CT"}) == "CT ?"
        with pytest.raises(ValidationError, match=r"「胸」.*頭部、頸部、胸部"):
            read_exam("CT 胸")
