"""Every reason to refuse has its sentence, and no sentence lacks its reason."""

import re
from pathlib import Path

import imaging
from imaging.headers.header import Refused
from imaging.refusals import SENTENCES, in_words

RAISED = re.compile(r'(?:Refused|Lost|otherwise: str =|refusing)\(?\s*(?:otherwise=)?"(\w+)"')


def test_each_reason_has_its_sentence() -> None:
    source = "\n".join(path.read_text() for path in Path(imaging.__file__).parent.rglob("*.py"))

    assert set(RAISED.findall(source)) == set(SENTENCES)


def test_a_sentence_says_what_was_wrong() -> None:
    assert in_words(Refused("missing", what="StudyInstanceUID")) == "StudyInstanceUID is missing."
