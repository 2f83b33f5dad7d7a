"""What tumours and sites are called in the language of whoever reads.

They are stored in English, or as somebody typed them. Names that stand here are shown in the
reader's language; all else is shown as it is stored.
"""

import re
from collections.abc import Iterable
from functools import cache

from django.conf import settings
from django.utils.translation import get_language, gettext, gettext_noop, override

# The morphology of ICD-O-3.2 by its name; of two names with one meaning the first is stored.
MORPHOLOGIES = {
    gettext_noop("Sarcoma, NOS"): "8800/3",
    gettext_noop("Spindle cell sarcoma"): "8801/3",
    gettext_noop("Undifferentiated pleomorphic sarcoma"): "8802/3",
    gettext_noop("Epithelioid sarcoma"): "8804/3",
    gettext_noop("Undifferentiated sarcoma"): "8805/3",
    gettext_noop("Desmoplastic small round cell tumor"): "8806/3",
    gettext_noop("Fibrosarcoma, NOS"): "8810/3",
    gettext_noop("Myxofibrosarcoma"): "8811/3",
    gettext_noop("Solitary fibrous tumor, NOS"): "8815/1",
    gettext_noop("Solitary fibrous tumor, malignant"): "8815/3",
    gettext_noop("Malignant fibrous histiocytoma"): "8830/3",
    gettext_noop("Liposarcoma, NOS"): "8850/3",
    gettext_noop("Liposarcoma, well differentiated, NOS"): "8851/3",
    gettext_noop("Myxoid liposarcoma"): "8852/3",
    gettext_noop("Pleomorphic liposarcoma"): "8854/3",
    gettext_noop("Dedifferentiated liposarcoma"): "8858/3",
    gettext_noop("Leiomyosarcoma, NOS"): "8890/3",
    gettext_noop("Epithelioid leiomyosarcoma"): "8891/3",
    gettext_noop("Myxoid leiomyosarcoma"): "8896/3",
    gettext_noop("Rhabdomyosarcoma, NOS"): "8900/3",
    gettext_noop("Pleomorphic rhabdomyosarcoma, adult type"): "8901/3",
    gettext_noop("Embryonal rhabdomyosarcoma, NOS"): "8910/3",
    gettext_noop("Spindle cell rhabdomyosarcoma"): "8912/3",
    gettext_noop("Alveolar rhabdomyosarcoma"): "8920/3",
    gettext_noop("Endometrial stromal sarcoma, NOS"): "8930/3",
    gettext_noop("Endometrial stromal sarcoma, low grade"): "8931/3",
    gettext_noop("Adenosarcoma"): "8933/3",
    gettext_noop("Gastrointestinal stromal tumor"): "8936/3",
    gettext_noop("Carcinosarcoma, NOS"): "8980/3",
    gettext_noop("Phyllodes tumor, malignant"): "9020/3",
    gettext_noop("Synovial sarcoma, NOS"): "9040/3",
    gettext_noop("Synovial sarcoma, biphasic"): "9043/3",
    gettext_noop("Clear cell sarcoma, NOS"): "9044/3",
    gettext_noop("Angiosarcoma"): "9120/3",
    gettext_noop("Hemangiosarcoma"): "9120/3",
    gettext_noop("Epithelioid hemangioendothelioma, NOS"): "9133/3",
    gettext_noop("Intimal sarcoma"): "9137/3",
    gettext_noop("Osteosarcoma, NOS"): "9180/3",
    gettext_noop("Parosteal osteosarcoma"): "9192/3",
    gettext_noop("Chondrosarcoma, NOS"): "9220/3",
    gettext_noop("Myxoid chondrosarcoma"): "9231/3",
    gettext_noop("Mesenchymal chondrosarcoma"): "9240/3",
    gettext_noop("Dedifferentiated chondrosarcoma"): "9243/3",
    gettext_noop("Ewing sarcoma"): "9364/3",
    gettext_noop("Chordoma, NOS"): "9370/3",
    gettext_noop("Malignant peripheral nerve sheath tumor"): "9540/3",
    gettext_noop("Alveolar soft part sarcoma"): "9581/3",
}
SITES = frozenset((
    gettext_noop("head"), gettext_noop("scalp"), gettext_noop("neck"), gettext_noop("trunk"),
    gettext_noop("shoulder"), gettext_noop("axilla"), gettext_noop("upper arm"),
    gettext_noop("elbow"), gettext_noop("forearm"), gettext_noop("wrist"), gettext_noop("hand"),
    gettext_noop("groin"), gettext_noop("buttock"), gettext_noop("hip"), gettext_noop("thigh"),
    gettext_noop("knee"), gettext_noop("popliteal fossa"), gettext_noop("lower leg"),
    gettext_noop("calf"), gettext_noop("ankle"), gettext_noop("foot"),
    gettext_noop("quadriceps femoris"),
    gettext_noop("femur"), gettext_noop("tibia"), gettext_noop("fibula"),
    gettext_noop("humerus"), gettext_noop("radius"), gettext_noop("ulna"),
    gettext_noop("scapula"), gettext_noop("clavicle"), gettext_noop("rib"),
    gettext_noop("sternum"), gettext_noop("ilium"), gettext_noop("sacrum"),
    gettext_noop("skull"), gettext_noop("spine"), gettext_noop("bone"),
    gettext_noop("chest wall"), gettext_noop("abdominal wall"), gettext_noop("mediastinum"),
    gettext_noop("retroperitoneum"), gettext_noop("peritoneum"), gettext_noop("pleura"),
    gettext_noop("pelvis"), gettext_noop("uterus"), gettext_noop("breast"),
    gettext_noop("lung"), gettext_noop("lungs"), gettext_noop("liver"), gettext_noop("brain"),
    gettext_noop("stomach"), gettext_noop("small intestine"), gettext_noop("pancreas"),
    gettext_noop("spleen"), gettext_noop("kidney"), gettext_noop("adrenal gland"),
    gettext_noop("lymph node"), gettext_noop("lymph nodes"), gettext_noop("heart"),
    gettext_noop("skin"), gettext_noop("soft tissue"),
))  # fmt: skip
_OF_A_SITE = {
    "left": gettext_noop("left %(site)s"),
    "right": gettext_noop("right %(site)s"),
    "proximal": gettext_noop("proximal %(site)s"),
    "distal": gettext_noop("distal %(site)s"),
}
_SEGMENT = re.compile(r"liver (?:(s[1-8])|between (s[1-8]) and (s[1-8]))")
_ORDINALS = (
    *("first", "second", "third", "fourth", "fifth", "sixth", "seventh"),
    *("eighth", "ninth", "tenth", "eleventh", "twelfth"),
)
_VERTEBRAE = {
    "cervical vertebra": gettext_noop("vertebra C%(number)s"),
    "thoracic vertebra": gettext_noop("vertebra T%(number)s"),
    "lumbar vertebra": gettext_noop("vertebra L%(number)s"),
}


def morphology_name(code: str, stored: str) -> str:
    """Return what a morphology is called, if what is stored is a name that is known of its code."""
    if _is_stored_so():
        return stored
    known = _KNOWN.get(_folded(stored), "")
    return gettext(known) if MORPHOLOGIES.get(known) == code else stored


def morphology_to_store(code: str, typed: str) -> str:
    """Return a code's English name where another language's was typed; else what was typed."""
    return _translated().get((code, typed.strip()), typed)


def site_name(stored: str) -> str:
    """Return what a site is called, if it is made of words that are known: left distal femur."""
    return stored if _is_stored_so() else _site(stored.strip().lower()) or stored


def sites_in_words(sites: Iterable[str]) -> str:
    """Return the names of sites, with commas between."""
    return gettext(", ").join(map(site_name, sites))


def _is_stored_so() -> bool:
    """Say whether whoever reads, or nobody, reads the language in which names are stored."""
    return get_language() in (None, settings.LANGUAGE_CODE)


def _folded(name: str) -> str:
    """Leave out what people do: Leiomyosarcoma is Leiomyosarcoma, NOS."""
    return name.strip().lower().removesuffix(", nos")


_KNOWN = {_folded(name): name for name in MORPHOLOGIES}


@cache
def _translated() -> dict[tuple[str, str], str]:
    """Return English names by a code and its name in another language; of two the first counts."""
    names: dict[tuple[str, str], str] = {}
    for language, _name in settings.LANGUAGES:
        with override(language):
            for known, code in MORPHOLOGIES.items():
                if (named := gettext(known)) != known:
                    names.setdefault((code, named), known)
    return names


def _site(stored: str) -> str:
    """Return the name of a site, or nothing if a word of it is not known."""
    if stored in SITES:
        return gettext(stored)
    first, _space, rest = stored.partition(" ")
    if first in _OF_A_SITE and (site := _site(rest)):
        return gettext(_OF_A_SITE[first]) % {"site": site}
    if first in _ORDINALS and rest in _VERTEBRAE:
        return gettext(_VERTEBRAE[rest]) % {"number": _ORDINALS.index(first) + 1}
    if match := _SEGMENT.fullmatch(stored):
        segment, *between = (part and part.upper() for part in match.groups())
        if segment:
            return gettext("liver %(segment)s") % {"segment": segment}
        return gettext("liver between %(first)s and %(second)s") % dict(
            zip(("first", "second"), between, strict=True)
        )
    return ""
