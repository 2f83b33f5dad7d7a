"""What single words do to a description. C, A and their like stand for regions."""

import pytest

from imaging.coverage import Study, covered
from imaging.doubts import Doubt
from imaging.terms import TAKES_AWAY, vocabulary

LETTERS = {"head": "H", "neck": "N", "chest": "C", "abdomen": "A", "pelvis": "P", "lower_limb": "L"}


def read(description: str) -> tuple[str, bool, set[Doubt]]:
    coverage = covered(Study(description=description), {})
    letters = "".join(LETTERS[region] for region in coverage.regions)
    return letters, coverage.sure, set(coverage.doubts)


@pytest.mark.parametrize(
    ("description", "regions"),
    [
        # Joined, abbreviated, cut off and misspelt.
        ("CT C.A.P.", "CAP"),
        ("CT A/P W", "AP"),
        ("CHESTABDPELVIS W", "CAP"),
        ("TDM thoracoabdominopelvienne", "CAP"),
        ("CT CHEST ABDOMEN PELVI", "CAP"),
        ("CT CHEST ABDMOEN W", "CA"),
        ("CT CEHST WO", "C"),
        ("CT THORX ABDMOEN PLV", "CAP"),
        ("CT Hals/Th/Abd/Bec", "NCAP"),
        ("Thorax^ThoraxAbdomenBeckenKM (Erwachsener)", "CAP"),
        # A folder speaks where the protocol's name is silent.
        ("Abdomen^1_ROUTINE_CAP (Adult)", "CAP"),
        ("Thorax^ILD (Adult)", "C"),
        # From one region to another, all between are covered.
        ("CT NECK TO PELVIS", "NCAP"),
        ("CT vom Hals bis zum Becken", "NCAP"),
        ("胸部～骨盤CT", "CAP"),
        ("胸部-骨盤 CT", "CAP"),
        ("胸－骨盤 CT", "CAP"),
        ("胸部ー骨盤 CT", "CAP"),
        # What was left out.
        ("CT CHEST ABDOMEN (PELVIS NOT DONE)", "CA"),
        ("Scanner thorax abdomen sans le pelvis", "CA"),
        ("胸腹部CT（骨盤は含まず）", "CA"),
        ("胸腹部CT 造影（単純なし）", "CA"),
        ("CT CHEST WITHOUT CONTRAST ABDOMEN WITH", "CA"),
        ("CT CHEST WITHOUT", "C"),
        ("CT CHEST WITHOUT AND ABDOMEN WITH", "CA"),
        ("CT CHEST INSTEAD OF ABDOMEN", "C"),
        ("CT Thorax statt Abdomen", "C"),
        ("CT CHEST (ABD/PELVIS NOT ORDERED)", "C"),
        ("TDM thorax (pas d'abdomen)", "C"),
        ("腹部CT 骨盤含めず", "A"),
        ("CT CHEST NOT DONE, ABDOMEN WITH", "A"),
        ("TC de crânio e a pelve", "HP"),
        ("CT Thorax, Abdomen nicht durchgeführt", "C"),
        ("CT chest rather than abdomen", "C"),
        ("胸部CT 腹部未実施", "C"),
        ("胸部〜骨盤CT 造影せず", "CAP"),
        ("CT CHEST ABDOMEN WITHOUT C", "CA"),
        ("CT CHEST ABDOMEN NO C", "CA"),
        # The spine takes its own adjectives, and no more.
        ("CT CHEST ABDOMEN PELVIS WITH T/L SPINE REFORMATS", "CAP"),
        ("CT HEAD C-SPINE CHEST ABDOMEN PELVIS", "HCAP"),
        ("CT CHEST W T-SPINE RECONS", "C"),
        # A disease says why, not where.
        ("CT CHEST BREAST CANCER FOLLOW UP", "C"),
        ("TDM thoracique nodule pulmonaire", "C"),
        ("胸部CT 肝転移", "C"),
        # Words that nobody knows do no harm beside two regions.
        ("JOINY CT C/A/P ZWQX", "CAP"),
        ("CT TORSO (CHEST, ABDOMEN)", "CA"),
        ("CT ABDOMEN PELVIS WO C", "AP"),
    ],
)
def test_these_are_sure(description: str, regions: str) -> None:
    assert read(description) == (regions, True, set())


@pytest.mark.parametrize(
    ("description", "regions", "doubt"),
    [
        ("CT CHEST BIOPSY", "", Doubt.GUIDANCE),
        ("CT Leberbiopsie Abdomen", "", Doubt.GUIDANCE),
        ("CTA CAP", "CAP", Doubt.ANGIOGRAPHY),
        ("CT CHEST PULMONARY EMB", "C", Doubt.CUT_OFF),
        ("CT CHEST LUNG CANCER S", "C", Doubt.UNKNOWN),
        ("CT CHEST LOW DOSE SCREENING", "C", Doubt.SCREENING),
        ("CT SIM CHEST", "C", Doubt.PLANNING),
        ("PET/CT CHEST ABDOMEN", "CA", Doubt.PET),
        ("CHEST PA AND LATERAL", "", Doubt.OTHER_MODALITY),
        ("CT CHEST AND UPPER ABD", "CA", Doubt.LIMITED),
        ("CT LEFT LOWER EXTREMITY", "L", Doubt.SIDE),
        ("CT CHEST OUTSIDE IMAGE", "C", Doubt.NOISE),
        ("CT AP W", "AP", Doubt.AMBIGUOUS),
        ("CT A P W", "AP", Doubt.AMBIGUOUS),
        ("CT ABDOMEN R/O PELVIC MASS", "AP", Doubt.AMBIGUOUS),
        ("CT ABDOMEN CHEST PAIN", "CA", Doubt.AMBIGUOUS),
        ("CT CHEST WO ABD PEL W", "CAP", Doubt.WO),
        ("CT THORAX SPINE", "C", Doubt.SPINE),
        ("CT THORACIC SPINE W CHEST RECON", "C", Doubt.SPINE),
        ("CT T-SPINE RECON FROM CHEST CT", "C", Doubt.SPINE),
        ("TC dorsolumbar con reconstrucción de tórax", "C", Doubt.SPINE),
        ("CT THORACIC SPINE RECON OFF CAP", "CAP", Doubt.AMBIGUOUS),
        ("CT CHEST HEART", "C", Doubt.ORGAN),
        ("CT CHEST LIVER", "C", Doubt.ORGAN),
        ("CT CHEST TRUNK", "C", Doubt.VAGUE),
        ("CT CHEST ZWQX", "C", Doubt.UNKNOWN),
        ("CT ABDOMEN A", "A", Doubt.UNKNOWN),
        ("CT CHEST CAP", "CAP", Doubt.ABBREVIATION),
        ("WHOLE BODY CT CHEST", "HNCAP", Doubt.ABBREVIATION),
        ("CT LIVER CYST TAP", "", Doubt.GUIDANCE),
        ("CT CHEST ABDOMEN, CHEST NOT DONE", "CA", Doubt.LEFT_OUT),
        ("CT CHEST ABD, NOT DONE: PELVIS", "CAP", Doubt.AMBIGUOUS),
        ("TC torax, no se realiza abdomen", "CA", Doubt.AMBIGUOUS),
        ("TC torax (abdomen suspendido)", "CA", Doubt.NOISE),
        ("CT Abdomen, Thorax bereits erfolgt", "CA", Doubt.NOISE),
        ("胸部CT 腹部は次回", "CA", Doubt.NOISE),
        ("胸部CT（腹部キャンセル）", "CA", Doubt.NOISE),
        ("CT CAP WITHOUT CHEST", "CAP", Doubt.LEFT_OUT),
        # It was meant to be of both, and was not.
        ("CT Thorax/Abdomen abgebrochen", "CA", Doubt.NOISE),
        ("CT Thorax (Abdomen folgt)", "CA", Doubt.NOISE),
        ("CT chest, abdomen to follow", "CA", Doubt.NOISE),
        ("CT chest - unable to do abdomen", "CA", Doubt.NOISE),
        ("CT chest, abdomen not tolerated", "CA", Doubt.AMBIGUOUS),
        ("CT chest, abdomen not possible", "CA", Doubt.AMBIGUOUS),
        ("CT Thorax, Abdomen nicht", "CA", Doubt.AMBIGUOUS),
        ("CT chest (-abdomen)", "CA", Doubt.AMBIGUOUS),
        ("CT CAP WITHOUT P", "CAP", Doubt.AMBIGUOUS),
        ("TDM thorax (abdomen déjà fait)", "CA", Doubt.NOISE),
        ("TAC tórax, abdomen pendiente", "CA", Doubt.NOISE),
        ("胸部CT（腹部は明日）", "CA", Doubt.NOISE),
        ("胸部CT(腹部は撮影していない)", "CA", Doubt.NOISE),
        # Only a part, or by another machine.
        ("TDM thorax + abdo haut", "CA", Doubt.LIMITED),
        ("CT chest sup abd", "CA", Doubt.LIMITED),
        ("CT chest + abdo USS", "CA", Doubt.OTHER_MODALITY),
        ("胸部Xp 腹部CT", "CA", Doubt.OTHER_MODALITY),
        # What is known of a region is no exam of it.
        ("CT chest, known abdomen mass", "CA", Doubt.AMBIGUOUS),
        ("CT chest s/p abdominal surgery", "CA", Doubt.AMBIGUOUS),
        ("CT Abdomen, Z.n. Thorax-OP", "CA", Doubt.AMBIGUOUS),
        ("TAC torax por cirugia abdominal", "CA", Doubt.AMBIGUOUS),
        ("胸部CT 腹部腫瘤", "CA", Doubt.AMBIGUOUS),
        ("Pelvis^CHEST_ROUTINE (Adult)", "C", Doubt.FOLDER),
        ("Spine^THORAX (Adult)", "C", Doubt.FOLDER),
        ("Abdomen^L_SPINE (Adult)", "A", Doubt.FOLDER),
        ("CT CHEST PELVIS", "CP", Doubt.GAP),
        ("CHEST", "C", Doubt.NOT_SAID_TO_BE_CT),
        ("CT THORACIC SPINE", "", Doubt.NO_REGION),
        ("Scanner rachis cervical", "", Doubt.NO_REGION),
        ("Scanner lombo-pelvien", "", Doubt.NO_REGION),
        ("胸椎CT", "", Doubt.NO_REGION),
        ("腹X線 CT", "A", Doubt.OTHER_MODALITY),
        ("CT 腹帯", "", Doubt.NO_REGION),
        ("CT SINUSES", "", Doubt.NO_REGION),
        ("NO CT CHEST", "", Doubt.NO_REGION),
        ("", "", Doubt.NO_REGION),
    ],
)
def test_these_are_in_doubt(description: str, regions: str, doubt: Doubt) -> None:
    letters, sure, doubts = read(description)

    assert (letters, sure) == (regions, False)
    assert doubt in doubts


def test_each_word_that_takes_away_does_so_beside_two_regions() -> None:
    taking_away = [
        " ".join(term) for term, meaning in vocabulary().items() if meaning.says in TAKES_AWAY
    ]

    still_sure = [term for term in taking_away if read(f"CT chest abdomen, {term} x pelvis")[1]]

    assert still_sure == []


def test_words_that_only_look_like_a_region_are_none() -> None:
    for word in ("crest", "breast", "check", "trace", "batch", "becker", "brian"):
        assert read(f"CT abdomen pelvis {word} w")[0] == "AP", word
