"""What a series holds, by what its instances say: images as they were taken, or something else.

In doubt it is something else: images that count as none are asked about, while a localizer that
counts as images would close an exam that was not done.
"""

import re
from collections.abc import Collection

from imaging.coverage import Kind

_STORAGE = "1.2.840.10008.5.1.4.1.1."
# CT and its kin with frames; MR, ultrasound, nuclear medicine, PET, radiographs, angiography.
_IMAGES = frozenset(
    _STORAGE + ending
    for ending in (
        *("2", "2.1", "2.2", "4", "4.1", "4.3", "4.4", "3.1", "6.1", "6.2", "20", "128", "128.1"),
        *("130", "1", "1.1", "1.2", "1.3", "12.1", "12.1.1", "12.2", "12.2.1", "13.1.1", "13.1.2"),
        *("13.1.3", "13.1.4", "13.1.5"),
    )
)
FRAMED_CT = frozenset({_STORAGE + "2.1", _STORAGE + "2.2"})
_REPORTS = _STORAGE + "88."
_CAPTURES = _STORAGE + "7"

_DOSE_TYPES = frozenset({"DOSE", "DOSE_INFO", "DOSE INFO", "DOSE REPORT"})
_SCREEN_TYPES = frozenset({"SCREEN SAVE", "SCREENSAVE", "SCREEN_SAVE", "SCREENSHOT", "CAPTURE"})
_RECKONED = frozenset(
    {"MPR", "MPVR", "CPR", "MIP", "MINIP", "3D", "VRT", "VR", "SSD", "REFORMATTED", "RESAMPLED"}
    | {"PROJECTION IMAGE", "MAX_IP", "MIN_IP", "SURFACE", "VOLUME_RENDER", "FUSED", "FUSION"}
    | {"SUBTRACTION", "PERFUSION", "CURVED", "SECONDARY"}
)
_DOSE_NAME = re.compile(
    r"\bdose[ _-]*(report|record|info\w*|summary|sheet|page)\b|\bradiation dose\b"
    r"|\bpatient[ _-]*protocol\b|\bpatientenprotokoll\b|\bdosis(protokoll|bericht|info)\w*"
    r"|\brapport de dose\b|\b(informe|reporte) de dosis\b|線量(レポート|報告|情報|表示|管理)",
    re.IGNORECASE,
)
_SCREEN_NAME = re.compile(r"\b(screen|snap)[ _-]*(save|shot|capture)s?\b", re.IGNORECASE)
_LOCALIZER_NAME = re.compile(
    r"\W*(topo(gram\w*)?|scouts?|scanograms?|scano|surviews?|locali[sz]ers?|pilot|scout[ _-]?view"
    r"|lokalisierer|localizador|位置決め\w*|スカウト\w*"
    # One level, looked at again and again until the contrast comes.
    r"|(pre[ _-]?)?monitoring|smart[ _-]?prep|(bolus[ _-]?)?track(er|ing)|locators?"
    r"|(test|timing)[ _-]?bolus|モニタリング|ボーラス\w*)(?![^\W_])",
    re.IGNORECASE,
)


def kind_of(sop_class: str, image_type: Collection[str], series_description: str) -> Kind:
    """Return what an instance shows; the words of its type in capitals.

    What is no picture at all (presentation states, segmentations, contours, reports that are not
    of the dose) is one of the kinds that show nothing of what was covered.
    """
    said = frozenset(image_type)
    if (
        sop_class.startswith(_REPORTS)
        or said & _DOSE_TYPES
        or _DOSE_NAME.search(series_description)
    ):
        return Kind.DOSE_REPORT
    if said & _SCREEN_TYPES or _SCREEN_NAME.search(series_description):
        return Kind.SCREENSHOT
    if sop_class == _CAPTURES or sop_class.startswith(_CAPTURES + "."):
        return Kind.SECONDARY_CAPTURE
    if "LOCALIZER" in said or _LOCALIZER_NAME.match(series_description):
        return Kind.LOCALIZER
    if sop_class not in _IMAGES or said & _RECKONED:
        return Kind.DERIVED
    return Kind.IMAGES
