"""What other systems call an exam: its LOINC code. One that has none is said in words alone."""

from collections.abc import Mapping

from schedules.rules.protocol import Contrast

_CODES: Mapping[tuple[str, str], tuple[str, str]] = {
    ("CT chest", ""): ("24627-2", "CT Chest"),
    ("CT chest", Contrast.WITH): ("24628-0", "CT Chest W contrast IV"),
    ("CT chest", Contrast.WITHOUT): ("29252-4", "CT Chest WO contrast"),
    ("CT abdomen", ""): ("41806-1", "CT Abdomen"),
    ("CT abdomen", Contrast.WITH): ("79103-8", "CT Abdomen W contrast IV"),
    ("CT abdomen", Contrast.WITHOUT): ("36424-0", "CT Abdomen WO contrast"),
    ("CT chest+abdomen", Contrast.WITH): ("42275-8", "CT Chest and Abdomen W contrast IV"),
    ("CT chest+abdomen", Contrast.WITHOUT): ("42276-6", "CT Chest and Abdomen WO contrast"),
    ("CT abdomen+pelvis", ""): ("44115-4", "CT Abdomen and Pelvis"),
    ("CT abdomen+pelvis", Contrast.WITH): ("36813-4", "CT Abdomen and Pelvis W contrast IV"),
    ("CT abdomen+pelvis", Contrast.WITHOUT): ("36952-0", "CT Abdomen and Pelvis WO contrast"),
    ("CT chest+abdomen+pelvis", ""): ("87869-4", "CT Chest and Abdomen and Pelvis"),
    ("CT chest+abdomen+pelvis", Contrast.WITH): (
        "72254-6",
        "CT Chest and Abdomen and Pelvis W contrast IV",
    ),
    ("CT chest+abdomen+pelvis", Contrast.WITHOUT): (
        "72253-8",
        "CT Chest and Abdomen and Pelvis WO contrast",
    ),
}


def regions_and_contrast(exam: str) -> tuple[str, str]:
    """Return an exam without its contrast, and the contrast; see `rules.protocol.Exam.key`."""
    for contrast in (Contrast.WITHOUT, Contrast.WITH):
        if exam.endswith(f" {contrast} contrast"):
            return exam.removesuffix(f" {contrast} contrast"), contrast
    return exam, ""


def loinc(exam: str) -> tuple[str, str] | None:
    """Return the code of an exam and what it means, if there is one."""
    return _CODES.get(regions_and_contrast(exam))
