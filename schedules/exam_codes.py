"""What other systems call an exam: its LOINC code. One that has none is said in words alone."""

from schedules.rules.protocol import Contrast, Exam

_EXAMS = {
    ("chest", Contrast.UNSPECIFIED): ("24627-2", "CT Chest"),
    ("chest", Contrast.WITH): ("24628-0", "CT Chest W contrast IV"),
    ("chest", Contrast.WITHOUT): ("29252-4", "CT Chest WO contrast"),
    ("abdomen", Contrast.UNSPECIFIED): ("41806-1", "CT Abdomen"),
    ("abdomen", Contrast.WITH): ("79103-8", "CT Abdomen W contrast IV"),
    ("abdomen", Contrast.WITHOUT): ("36424-0", "CT Abdomen WO contrast"),
    ("abdomen+pelvis", Contrast.UNSPECIFIED): ("44115-4", "CT Abdomen and Pelvis"),
    ("abdomen+pelvis", Contrast.WITH): ("36813-4", "CT Abdomen and Pelvis W contrast IV"),
    ("abdomen+pelvis", Contrast.WITHOUT): ("36952-0", "CT Abdomen and Pelvis WO contrast"),
    # Without a word on contrast, chest and abdomen have no code that could be confirmed.
    ("chest+abdomen", Contrast.WITH): ("42275-8", "CT Chest and Abdomen W contrast IV"),
    ("chest+abdomen", Contrast.WITHOUT): ("42276-6", "CT Chest and Abdomen WO contrast"),
    ("chest+abdomen+pelvis", Contrast.UNSPECIFIED): ("87869-4", "CT Chest and Abdomen and Pelvis"),
    ("chest+abdomen+pelvis", Contrast.WITH): (
        "72254-6",
        "CT Chest and Abdomen and Pelvis W contrast IV",
    ),
    ("chest+abdomen+pelvis", Contrast.WITHOUT): (
        "72253-8",
        "CT Chest and Abdomen and Pelvis WO contrast",
    ),
}
LOINC_OF = {
    Exam("CT", tuple(regions.split("+")), contrast).key: code
    for (regions, contrast), code in _EXAMS.items()
}
"""The code of a series of slots, and what it means, by `Exam.key`."""


def has_contrast(exam: str) -> bool:
    """Say whether a series of slots is with contrast."""
    return exam.endswith(f" {Contrast.WITH} contrast")
