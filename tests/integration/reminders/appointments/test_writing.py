"""An appointment as HL7 v2 says it, read back by a parser, and by a server of other people's."""

import asyncio
from threading import Thread
from typing import Any

import hl7
import pytest
from hl7.mllp import HL7StreamReader, HL7StreamWriter, start_hl7_server
from hypothesis import given
from hypothesis import strategies as st

from patients.models import Clinic, Sex
from reminders.appointments.telling import tell
from reminders.appointments.writing import CODECS, write
from reminders.models import Announcement, Charset, Event, Receiver
from schedules.models import Booking, BookingState
from tests.factories import ClinicFactory, ScannerFactory, UserFactory
from tests.integration.reminders.appointments.scene import AT, arranged, booked, states

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic() -> Clinic:
    return ClinicFactory.create(code="sarcoma", mrn_issuer="our-hospital")


def read(text: str, codec: str = "utf-8") -> hl7.Message:
    return hl7.parse(text.encode(codec, "replace").decode(codec))


def announced(booking: Booking, **told: Any) -> Announcement:
    return Announcement(
        appointment=booking,
        booking=booking,
        **{
            "booking_state": BookingState.BOOKED,
            "event": Event.BOOKED,
            "control_id": "SV1",
            **told,
        },
    )


def test_a_booking_is_written_with_all_that_a_scheduling_system_needs(clinic: Clinic) -> None:
    by = UserFactory.create(username="nora", first_name="Nora", last_name="Nurse")
    booking = booked(
        clinic, by=by, scanner=ScannerFactory.create(clinic=clinic, name="CT 1", ae_title="CT1")
    )
    patient = booking.patient
    patient.family_name, patient.given_name, patient.mrn = "山田", "花子", "12|34"
    receiver = Receiver(
        our_application="SURV", our_facility="A&B", application="HIS", facility="HOSPITAL"
    )

    text = write(announced(booking), receiver, AT)

    first, accession = booking.public_id, booking.accession
    assert text.split("\r") == [
        "MSH|^~\\&|SURV|A\\T\\B|HIS|HOSPITAL|20260320090000+0900||SIU^S12^SIU_S12|SV1|P|2.5.1"
        "||||||UNICODE UTF-8",
        f"SCH|{first}^SURV|{first}^SURV||||BOOKED^Booked^L|Followup^Follow-up^HL70276"
        "|Normal^^HL70277|30|min^minutes^UCUM|^^M30^20260408090000+0900^20260408093000+0900"
        "|||||nora^Nurse^Nora||||nora^Nurse^Nora|||||Booked^^HL70278"
        f"|{accession}^SURV|{accession}^SURV",
        "TQ1|1|||||30^min|20260408090000+0900|20260408093000+0900",
        "PID|1||12\\F\\34^^^our-hospital^MR||山田^花子^^^^^L^I||19600517|F",
        "RGS|1|A",
        "AIS|1|A|CT chest+abdomen^CT chest+abdomen^L|20260408090000+0900|||30|min^minutes^UCUM"
        "||Booked^^HL70278",
        "AIG|1|A|CT1^CT 1^L|CT^^DCM||||20260408090000+0900|||30|min^minutes^UCUM||Booked^^HL70278",
        "AIL|1|A|sarcoma^CT 1|||20260408090000+0900|||30|min^minutes^UCUM||Booked^^HL70278",
        "",
    ]


def test_an_exam_that_loinc_knows_bears_its_code(clinic: Clinic) -> None:
    booking = booked(clinic)
    booking.slot.exam = "CT chest+abdomen with contrast"

    message = read(write(announced(booking), Receiver(), AT))

    assert str(message.segment("AIS")(3)) == (
        "42275-8^CT Chest and Abdomen W contrast IV^LN"
        "^CT chest+abdomen with contrast^CT chest+abdomen with contrast^L"
    )


@pytest.mark.parametrize(
    ("charset", "said", "heard"),
    [
        (Charset.UTF_8, "UNICODE UTF-8", "髙山"),
        (Charset.ISO_2022_JP, "~ISO IR87", "?山"),  # JIS X 0208 has no 髙
        (Charset.LATIN_1, "8859/1", "??"),
    ],
)
def test_the_letters_are_those_that_were_arranged(
    clinic: Clinic, charset: Charset, said: str, heard: str
) -> None:
    booking = booked(clinic)
    booking.patient.family_name = "髙山"

    text = write(announced(booking), Receiver(charset=charset), AT)

    raw = text.encode(CODECS[charset], "replace")
    assert not {0x0B, 0x1C} & set(raw)  # which frame a message
    message = hl7.parse(raw.decode(CODECS[charset]))
    assert str(message.segment("MSH")(18)) == said
    assert str(message["PID.F5.R1.C1"]) == heard


ANY_TEXT = st.text(
    st.one_of(st.sampled_from("|^~\\&\r\n\t\x0b\x1c\x7f .X"), st.characters(codec="utf-8")),
    min_size=1,
    max_size=40,
)


def test_every_value_that_is_written_is_read_back(clinic: Clinic) -> None:
    booking = booked(clinic)
    patient = booking.patient

    @given(texts=st.lists(ANY_TEXT, min_size=7, max_size=7), sex=st.sampled_from(Sex))
    def check(texts: list[str], sex: Sex) -> None:
        receiver = Receiver(our_application=texts[0], facility=texts[1])
        patient.family_name, patient.given_name, patient.mrn = texts[2:5]
        booking.scanner.name, booking.broken_off_because = texts[5:7]
        patient.sex = sex

        message = read(write(announced(booking, event=Event.CANCELLED), receiver, AT))

        names = [str(segment(0)) for segment in message]
        assert names == ["MSH", "SCH", "TQ1", "PID", "RGS", "AIS", "AIG", "AIL"]
        assert [
            message.extract_field(*place)
            for place in (
                ("MSH", 1, 3),
                ("MSH", 1, 6),
                ("PID", 1, 5, 1, 1),
                ("PID", 1, 5, 1, 2),
                ("PID", 1, 3, 1, 1),
                ("AIL", 1, 3, 1, 2),
                ("SCH", 1, 6, 1, 2),
            )
        ] == texts

    check()


@pytest.mark.django_db(transaction=True)
def test_the_server_of_the_hl7_package_takes_what_is_told(clinic: Clinic) -> None:
    booked(clinic)
    heard: list[hl7.Message] = []

    async def serve(reader: HL7StreamReader, writer: HL7StreamWriter) -> None:
        heard.append(message := await reader.readmessage())
        writer.writemessage(message.create_ack())
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def stop() -> None:
        server.close()
        await server.wait_closed()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*others, return_exceptions=True)

    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(start_hl7_server(serve, "127.0.0.1", 0, encoding="utf-8"))
    thread = Thread(target=loop.run_forever)
    thread.start()
    try:
        tell(arranged(clinic, server.sockets[0].getsockname()[1]), at=AT)
    finally:
        asyncio.run_coroutine_threadsafe(stop(), loop).result(timeout=30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

    assert states() == [("S12", "sent")]
    assert [str(message["MSH.F9.R1.C2"]) for message in heard] == ["S12"]
