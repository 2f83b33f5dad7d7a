"""What a header holds, whatever wrote it; and that nothing else is in it."""

import json
from datetime import date
from io import BytesIO

import pytest
from pydicom import Dataset, Sequence
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.tag import Tag
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    EnhancedCTImageStorage,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGLosslessSV1,
)

from imaging.coverage import Code, Kind
from imaging.headers.header import Header, Identity, Order, Refused
from imaging.headers.reading import READ, from_dataset, from_json, read, read_dataset
from tests.dicom import made_ct

SYNTAXES = [
    ImplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
    JPEGLosslessSV1,
]


def item(**says: object) -> Dataset:
    made = Dataset()
    for keyword, value in says.items():
        setattr(made, keyword, value)
    return made


def code(scheme: str, value: str) -> Dataset:
    return item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning="not kept")


def issuer(name: str) -> Sequence:
    return Sequence([item(LocalNamespaceEntityID=name)])


def full_ct() -> Dataset:
    [made] = made_ct(
        study_uid="1.2.3",
        slices=1,
        accession="SV1",
        name="Müller^Änne",
        protocol_name="Thorax-Abdomen",
        body_part="CHEST",
        IssuerOfAccessionNumberSequence=issuer("RIS"),
        ProcedureCodeSequence=Sequence([code("LN", "42275-8")]),
        RequestedProcedureCodeSequence=Sequence([code("99X", "CTTA")]),
        AnatomicRegionSequence=Sequence([code("SCT", "416550000")]),
        RequestAttributesSequence=Sequence(
            [
                item(
                    AccessionNumber="SV2",
                    IssuerOfAccessionNumberSequence=issuer("KIS"),
                    RequestedProcedureCodeSequence=Sequence([code("LN", "72254-6")]),
                ),
                item(AccessionNumber="SV1", IssuerOfAccessionNumberSequence=issuer("RIS")),
            ]
        ),
    )
    return made


FULL = Header(
    study_uid="1.2.3",
    series_uid="1.2.3.1",
    sop_uid="1.2.3.1.1",
    sop_class="1.2.840.10008.5.1.4.1.1.2",
    modality="CT",
    kind=Kind.IMAGES,
    identity=Identity("DEMO-1", "HOSPITAL", "Müller^Änne", date(1970, 5, 6), "F"),
    performed_on=date(2026, 3, 2),
    orders=(Order("SV1", "RIS"), Order("SV2", "KIS")),
    procedures=(Code("99X", "CTTA"), Code("LN", "42275-8"), Code("LN", "72254-6")),
    anatomy=(Code("SCT", "416550000"),),
    description="CT CHEST ABDOMEN",
    protocol_name="Thorax-Abdomen",
    body_part="CHEST",
)


def in_file(made: Dataset, syntax: UID = ExplicitVRLittleEndian) -> bytes:
    made.file_meta.TransferSyntaxUID = syntax
    if syntax == JPEGLosslessSV1:
        made.PixelData = b"\xfe\xff\x00\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0"
        made["PixelData"].is_undefined_length = True
    stream = BytesIO()
    made.save_as(
        stream,
        enforce_file_format=True,
        implicit_vr=syntax.is_implicit_VR,
        little_endian=syntax.is_little_endian,
    )
    return stream.getvalue()


def said(**others: object) -> Header:
    [made] = made_ct(study_uid="1.2.3", slices=1, **others)  # type: ignore[arg-type]
    return read(BytesIO(in_file(made)))


def with_bytes(**elements: bytes) -> Dataset:
    """Return the full CT, with elements that hold what pydicom would not write."""
    made = full_ct()
    for keyword, value in elements.items():
        tag = Tag(keyword)
        made[tag] = RawDataElement(tag, dictionary_VR(tag), len(value), value, 0, False, True)
    return made


def why(data: bytes) -> Refused:
    with pytest.raises(Refused) as refused:
        read(BytesIO(data))
    return refused.value


@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda syntax: syntax.name)
@pytest.mark.parametrize("lengths", ["defined", "undefined"])
def test_the_same_is_read_from_every_transfer_syntax(syntax: UID, lengths: str) -> None:
    made = full_ct()
    for element in made:
        if element.VR == "SQ":
            element.is_undefined_length = lengths == "undefined"

    assert read(BytesIO(in_file(made, syntax))) == FULL


@pytest.mark.parametrize("syntax", SYNTAXES[:4], ids=lambda syntax: syntax.name)
def test_a_dataset_without_file_meta_is_read_as_its_transfer_syntax_says(syntax: UID) -> None:
    made = full_ct()
    whole = in_file(made, syntax)
    # The meta information says how long the rest of it is.
    begins = 132 + 12 + int.from_bytes(whole[140:144], "little")

    assert read_dataset(BytesIO(whole[begins:]), syntax) == FULL


def test_a_dataset_and_the_json_of_dicomweb_are_read_alike() -> None:
    made = full_ct()

    assert from_dataset(made) == FULL
    assert from_json(json.loads(made.to_json(bulk_data_threshold=1))) == FULL


def test_json_may_say_a_name_in_three_ways_and_anything_else() -> None:
    said = json.loads(full_ct().to_json(bulk_data_threshold=1))
    groups = {"Alphabetic": "Yamada^Tarou", "Ideographic": "山田^太郎", "Phonetic": "やまだ^たろう"}
    said["00100010"]["Value"] = [groups]
    assert from_json(said).identity.name == "Yamada^Tarou=山田^太郎=やまだ^たろう"

    said["00081030"]["Value"] = ["half a pair: \ud83d, and nothing: \0"]
    assert from_json(said).description == "half a pair: , and nothing:"
    wrongs: list[object] = [None, [], "x", {"vr": "UI"}, {"vr": "UI", "Value": [{}]}, {"Value": 7}]
    for wrong in wrongs:
        with pytest.raises(Refused):
            from_json({**said, "0020000D": wrong})


def test_a_sequence_where_a_text_belongs_says_nothing() -> None:
    made = full_ct()
    items = DataElement(Tag("StudyDescription"), "SQ", Sequence([item(PatientID="DEMO-1")]))
    items.is_undefined_length = True
    made[items.tag] = items

    assert read(BytesIO(in_file(made))).description == ""


def test_what_stands_behind_the_header_is_not_read() -> None:
    whole = in_file(full_ct())
    stream = BytesIO(whole + bytes(1 << 20))

    assert read(stream) == FULL
    assert stream.tell() == READ[0]


def test_a_header_longer_than_usual_is_read_whole() -> None:
    made = full_ct()
    made.add_new(0x00290010, "LO", "PRIVATE")
    made.add_new(0x00291010, "OB", bytes(5 << 20))

    assert read(BytesIO(in_file(made))) == FULL


def test_the_anatomy_of_frames_is_that_of_their_instance() -> None:
    region = item(AnatomicRegionSequence=Sequence([code("SRT", "T-D3000")]))
    [made] = made_ct(
        slices=1,
        SOPClassUID=EnhancedCTImageStorage,
        SharedFunctionalGroupsSequence=Sequence([item(FrameAnatomySequence=Sequence([region]))]),
        PerFrameFunctionalGroupsSequence=Sequence([Dataset()] * 200),
    )

    header = read(BytesIO(in_file(made)))

    assert header.anatomy == (Code("SRT", "T-D3000"),)
    assert header.kind is Kind.IMAGES


def test_what_is_missing_is_empty() -> None:
    bare = item(
        SOPClassUID="1.2.840.10008.5.1.4.1.1.2",
        SOPInstanceUID="1.2.3.1.1",
        StudyInstanceUID="1.2.3",
        SeriesInstanceUID="1.2.3.1",
    )

    empty = Header("1.2.3", "1.2.3.1", "1.2.3.1.1", bare.SOPClassUID, "", Kind.IMAGES)
    assert from_dataset(bare) == empty


@pytest.mark.parametrize("keyword", ["StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"])
def test_without_its_uids_an_instance_is_none(keyword: str) -> None:
    for uid, key in (("1.2/../../etc", "no_uid"), ("1." + "2" * 63, "no_uid"), ("", "missing")):
        with pytest.raises(Refused) as refused:
            from_dataset(with_bytes(**{keyword: uid.encode()}))
        assert (refused.value.key, refused.value.values) == (key, {"what": keyword})


@pytest.mark.parametrize(
    ("character_set", "name", "expected"),
    [
        ("ISO_IR 100", "Müller^Änne".encode("latin-1"), "Müller^Änne"),
        ("ISO_IR 192", "山田^太郎".encode(), "山田^太郎"),
        ("", "Müller".encode(), "Müller"),  # undeclared, as many send it
        ("", "Müller".encode("latin-1"), "Müller"),
        (
            "\\ISO 2022 IR 87",
            b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B",
            "Yamada^Tarou=山田^太郎=やまだ^たろう",
        ),
        ("ISO_IR 13\\ISO 2022 IR 87", b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3", "ﾔﾏﾀﾞ^ﾀﾛｳ"),
        ("ISO_IR 192", b"M\xfcller", "M�ller"),
        ("no such set", b"M\xfcller", "Müller"),
        ("undefined", b"Doe", "Doe"),  # the name of a codec of Python's that always fails
        ("ISO_IR 192", b"Doe^Jane^\0^=\x00 ", "Doe^Jane"),
        ("ISO_IR 192", "Doe\u202ejpg\x1b[2J".encode(), "Doejpg[2J"),
    ],
)
def test_names_are_decoded_and_hold_nothing_that_cannot_be_stored(
    character_set: str, name: bytes, expected: str
) -> None:
    made = with_bytes(SpecificCharacterSet=character_set.encode(), PatientName=name)

    assert from_dataset(made).identity.name == expected


@pytest.mark.parametrize(
    ("keyword", "value", "field", "expected"),
    [
        ("StudyDescription", " CT\tChest\r\nAbdomen \0", "description", "CT Chest Abdomen"),
        ("StudyDescription", "x" * 500, "description", "x" * 128),
        ("Modality", "ct", "modality", "CT"),
        ("Modality", "C/T", "modality", ""),
        ("ProtocolName", "A\\B", "protocol_name", "A\\B"),
    ],
)
def test_texts_are_made_fit_to_be_kept(keyword: str, value: str, field: str, expected: str) -> None:
    assert getattr(from_dataset(with_bytes(**{keyword: value.encode()})), field) == expected


def test_keys_stay_what_they_are() -> None:
    header = said(patient_id="A*B?", accession="*", issuer="")

    assert header.identity.patient_id == "A*B?"
    assert header.orders == (Order("*"),)


@pytest.mark.parametrize("keyword", ["PatientID", "IssuerOfPatientID", "AccessionNumber"])
def test_a_key_is_refused_rather_than_cut(keyword: str) -> None:
    with pytest.raises(Refused) as refused:
        from_dataset(with_bytes(**{keyword: b"7" * 65}))
    assert (refused.value.key, refused.value.values) == ("too_long", {"what": keyword})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("19700506", date(1970, 5, 6)),
        ("1970.05.06", date(1970, 5, 6)),
        ("19700532", None),
        ("18700506", None),
        ("99991231", None),
        ("197005061", None),
        ("١٩٧٠٠٥٠٦", None),
        ("born in May", None),
    ],
)
def test_a_day_is_one_of_our_age_or_none(text: str, expected: date | None) -> None:
    made = with_bytes(PatientBirthDate=text.encode())

    assert from_dataset(made).identity.birth_date == expected


def test_the_day_of_the_study_is_the_first_that_is_said() -> None:
    later: dict[str, object] = {"SeriesDate": "20260303", "AcquisitionDate": "20260304"}

    assert said(**later).performed_on == date(2026, 3, 2)
    assert said(study_date="", **later).performed_on == date(2026, 3, 3)
    assert said(
        study_date="", SeriesDate="", AcquisitionDate="", AcquisitionDateTime="20260305101010"
    ).performed_on == date(2026, 3, 5)


def test_who_issued_a_number_may_be_said_in_qualifiers() -> None:
    qualifiers = Sequence([item(UniversalEntityID="1.2.392.1", UniversalEntityIDType="ISO")])
    header = said(issuer="", IssuerOfPatientIDQualifiersSequence=qualifiers)

    assert header.identity.issuer == "1.2.392.1"


def test_without_a_description_the_procedure_asked_for_describes_it() -> None:
    asked = said(description="", RequestedProcedureDescription="CT Thorax")

    assert asked.description == "CT Thorax"


def test_what_is_no_instance_is_refused() -> None:
    assert why(b"").key == "not_dicom"
    assert why(b"%PDF-1.7" + bytes(1000)).key == "not_dicom"
    assert why(in_file(full_ct())[:700]).key == "cut_off"
    damaged = in_file(full_ct()).replace(b"SQ\0\0", b"SQ\0\0\xff\xff")
    assert isinstance(why(damaged), Refused)


def test_old_files_begin_with_their_first_element() -> None:
    whole = in_file(full_ct(), ImplicitVRLittleEndian)

    begins = 132 + 12 + int.from_bytes(whole[140:144], "little")
    assert read(BytesIO(whole[begins:])) == FULL
    assert read(BytesIO(whole[132:])) == FULL
