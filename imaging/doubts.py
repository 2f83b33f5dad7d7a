"""Why a study's regions are not sure."""

from enum import StrEnum


class Doubt(StrEnum):
    """One reason. The first ones are what a word or a code says, under the same name."""

    GUIDANCE = "guidance"
    ANGIOGRAPHY = "angiography"
    SCREENING = "screening"
    PLANNING = "planning"
    PET = "pet"
    OTHER_MODALITY = "other_modality"
    LIMITED = "limited"
    SIDE = "side"
    NOISE = "noise"
    AMBIGUOUS = "ambiguous"
    WO = "wo"  # "chest wo abd pel w": without contrast, or without abdomen
    CUT_OFF = "cut_off"
    SPINE = "spine"
    ORGAN = "organ"
    VAGUE = "vague"
    UNKNOWN = "unknown"
    ABBREVIATION = "abbreviation"  # beside some of its own regions: CHEST CAP
    LEFT_OUT = "left_out"  # named here, and left out there
    FOLDER = "folder"  # the folder of a protocol names something else than the protocol
    NOT_SAID_TO_BE_CT = "not_said_to_be_ct"
    GAP = "gap"  # chest and pelvis: the abdomen is more often forgotten than left out
    CONTRADICTION = "contradiction"  # between sources
    BODY_PART_ALONE = "body_part_alone"
    NO_IMAGES = "no_images"
    NO_REGION = "no_region"
