"""Whatever comes as an answer, it is one or it is none: nothing else is raised."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminders.channels.mllp import read_answer

HEAD = b"\x0bMSH|^~\\&|HIS||SURV||20260320||ACK|1|P|2.5.1\r"


@pytest.mark.parametrize(
    ("behind", "read"),
    [
        (b"MSA|AA|SV1\r", ("AA", "SV1", "")),
        (b"MSA|AA|SV1", ("AA", "SV1", "")),
        (b"SFT|x\r\nMSA|AE|SV1|Why\r\n", ("AE", "SV1", "Why")),
        (b"MSA|AR|SV1|A\\T\\E\rERR||PID^1|204^Unknown\r", ("AR", "SV1", "A&E 204^Unknown")),
        (b"MSA|CA|" + "山".encode() + b"\r", ("CA", "山", "")),
    ],
)
def test_an_acknowledgement_says_what_it_answers_and_why(
    behind: bytes, read: tuple[str, str, str]
) -> None:
    assert read_answer(HEAD + behind, "utf-8") == read


@given(
    st.one_of(
        st.binary(max_size=60),
        st.binary(max_size=60).map(lambda tail: HEAD + tail),
        st.text("\rMSA|^~\\&ERAC012", max_size=60).map(lambda tail: b"\x0bMSH" + tail.encode()),
        st.text("\rMSA|^~\\&ERAC012", max_size=60).map(lambda tail: HEAD + b"MSA|" + tail.encode()),
    ),
    st.sampled_from(["utf-8", "iso2022_jp", "latin-1"]),
)
def test_what_is_no_acknowledgement_is_refused_as_none(frame: bytes, codec: str) -> None:
    with suppress(ValueError):
        code, __, said = read_answer(frame, codec)
        assert code in {"AA", "CA", "AE", "CE", "AR", "CR"}
        assert len(said) <= 200
