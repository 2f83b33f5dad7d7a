import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command


def explained(*arguments: str) -> str:
    out = StringIO()
    call_command("explain_coverage", *arguments, stdout=out)
    return out.getvalue()


def test_the_words_of_one_study() -> None:
    said = explained(
        "--description", "CT CHEST W", "--protocol-name", "5.1", "--body-part", "CHEST"
    )

    assert json.loads(said) == {
        "regions": ["chest"],
        "sure": True,
        "doubts": [],
        "evidence": [
            {"source": "study_description", "words": "chest", "regions": ["chest"]},
            {"source": "body_part_examined", "words": "chest", "regions": ["chest"]},
        ],
    }


def test_a_line_for_each_study_in_order(tmp_path: Path) -> None:
    studies: list[dict[str, Any]] = [
        {"study_description": "胸腹部CT"},
        {},
        {"protocol_name": "CAP W", "study_description": None, "other": 1},
        {"body_part_examined": "PELVIS"},
        {"study_description": "CT C\ud800A\ud800P"},
    ]
    file = tmp_path / "studies.jsonl"
    file.write_text("".join(f"{json.dumps(study)}\n" for study in studies), encoding="utf-8")

    lines = explained("--jsonl", str(file)).encode("utf-8").splitlines()
    found = [json.loads(line) for line in lines]

    assert [(one["regions"], one["sure"]) for one in found] == [
        (["chest", "abdomen"], True),
        ([], False),
        (["chest", "abdomen", "pelvis"], True),
        (["pelvis"], False),
        (["chest", "abdomen", "pelvis"], True),
    ]


@pytest.mark.parametrize("line", ["no json", "[]", '{"study_description": 3}'])
def test_a_bad_line_is_named_by_its_number(tmp_path: Path, line: str) -> None:
    file = tmp_path / "studies.jsonl"
    file.write_text(f'{{"study_description": "CT"}}\n{line}\n', encoding="utf-8")

    with pytest.raises(CommandError, match=r"studies\.jsonl, line 2: this |study_description"):
        explained("--jsonl", str(file))


def test_a_file_that_cannot_be_read_and_words_beside_a_file(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b'{"study_description": "\xff"}')

    with pytest.raises(CommandError, match="cannot be read"):
        explained("--jsonl", str(tmp_path / "none"))
    with pytest.raises(CommandError, match="cannot be read"):
        explained("--jsonl", str(tmp_path / "latin"))
    with pytest.raises(CommandError, match="give it alone"):
        explained("--jsonl", str(tmp_path / "latin"), "--description", "CT")
