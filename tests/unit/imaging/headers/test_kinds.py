"""Only images of the patient as they were taken count; in doubt a series holds something else."""

import pytest

from imaging.coverage import Kind
from imaging.headers.kinds import kind_of

CT = "1.2.840.10008.5.1.4.1.1.2"


@pytest.mark.parametrize(
    ("sop_class", "image_type", "description", "expected"),
    [
        (CT, "ORIGINAL\\PRIMARY\\AXIAL", "Thorax 1.0 B70f", Kind.IMAGES),
        (CT, "ORIGINAL\\PRIMARY\\AXIAL\\CT_SOM5 SPI", "", Kind.IMAGES),
        (CT, "ORIGINAL\\PRIMARY\\AXIAL\\HELIX", "低線量 胸部", Kind.IMAGES),
        (CT, "DERIVED\\PRIMARY\\AXIAL", "THIN RECON", Kind.IMAGES),
        (CT, "", "CHEST", Kind.IMAGES),
        (CT, "ORIGINAL\\PRIMARY\\AXIAL", "Low dose protocol", Kind.IMAGES),
        (CT, "ORIGINAL\\PRIMARY\\AXIAL", "Pilotprojekt", Kind.IMAGES),
        (f"{CT}.1", "ORIGINAL\\PRIMARY\\VOLUME\\NONE", "", Kind.IMAGES),
        ("1.2.840.10008.5.1.4.1.1.4", "ORIGINAL\\PRIMARY\\M\\SE", "T1", Kind.IMAGES),
        (CT, "ORIGINAL\\PRIMARY\\LOCALIZER", "", Kind.LOCALIZER),
        (CT, "ORIGINAL\\PRIMARY\\LOCALIZER\\CT_SOM5 TOP", "Topogram 0.6 T20f", Kind.LOCALIZER),
        (CT, "ORIGINAL\\PRIMARY\\AXIAL", "Topogram", Kind.LOCALIZER),
        (CT, "", "SCOUT", Kind.LOCALIZER),
        (CT, "", "Surview", Kind.LOCALIZER),
        (CT, "", "位置決め画像", Kind.LOCALIZER),
        # One level, looked at again and again until the contrast comes: no scan of a region.
        (CT, "ORIGINAL\\PRIMARY\\AXIAL\\CT_SOM5 SEQ", "PreMonitoring 10.0 Br36", Kind.LOCALIZER),
        (CT, "ORIGINAL\\PRIMARY\\AXIAL", "Monitoring  10.0  B30f", Kind.LOCALIZER),
        (CT, "ORIGINAL\\PRIMARY\\AXIAL", "SmartPrep Series", Kind.LOCALIZER),
        (CT, "ORIGINAL\\PRIMARY\\AXIAL", "Tracker", Kind.LOCALIZER),
        (CT, "ORIGINAL\\PRIMARY\\AXIAL", "Test-Bolus", Kind.LOCALIZER),
        (CT, "ORIGINAL\\PRIMARY\\AXIAL", "Chest after bolus tracking", Kind.IMAGES),
        (CT, "DERIVED\\SECONDARY\\AXIAL", "", Kind.DERIVED),
        (CT, "DERIVED\\PRIMARY\\MPR", "COR", Kind.DERIVED),
        (CT, "DERIVED\\SECONDARY\\OTHER\\CT_SOM5 MIP", "", Kind.DERIVED),
        (f"{CT}.1", "DERIVED\\PRIMARY\\VOLUME\\MPR", "", Kind.DERIVED),
        (CT, "DERIVED\\SECONDARY\\SCREEN SAVE", "Dose Report", Kind.DOSE_REPORT),
        (CT, "ORIGINAL\\PRIMARY\\AXIAL", "Patient Protocol", Kind.DOSE_REPORT),
        ("1.2.840.10008.5.1.4.1.1.88.67", "", "Dose SR", Kind.DOSE_REPORT),
        (CT, "DERIVED\\SECONDARY\\SCREEN SAVE", "", Kind.SCREENSHOT),
        (CT, "ORIGINAL\\PRIMARY\\AXIAL", "Screen Save", Kind.SCREENSHOT),
        ("1.2.840.10008.5.1.4.1.1.7", "DERIVED\\SECONDARY", "", Kind.SECONDARY_CAPTURE),
        ("1.2.840.10008.5.1.4.1.1.7.4", "", "", Kind.SECONDARY_CAPTURE),
        ("1.2.840.10008.5.1.4.1.1.11.1", "", "", Kind.DERIVED),  # a presentation state
        ("1.2.840.10008.5.1.4.1.1.481.3", "", "", Kind.DERIVED),  # contours for radiotherapy
        ("1.2.3.4", "ORIGINAL\\PRIMARY\\AXIAL", "", Kind.DERIVED),
    ],
)
def test_what_a_series_holds(
    sop_class: str, image_type: str, description: str, expected: Kind
) -> None:
    assert kind_of(sop_class, image_type.split("\\"), description) is expected
