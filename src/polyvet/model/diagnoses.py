# SPDX-License-Identifier: Apache-2.0
"""The shared list of diagnoses, in everyday clinical words. Codes are written out as in species.py: an entry that is
added later must not move another's code."""

from __future__ import annotations

from polyvet.model.entities import CodeEntry, CodeList
from polyvet.model.species import SHARED_LIST

_LIST_DIGITS = 1000
_DIAGNOSES = (
    (16001, "Abscess"), (16002, "Allergic dermatitis"), (16003, "Anaemia"), (16004, "Anal sac disease"),
    (16005, "Arthritis"), (16006, "Ascites"), (16007, "Asthma, feline"), (16008, "Atopic dermatitis"),
    (16009, "Bite wound"), (16010, "Bladder stones"), (16011, "Blocked bladder"), (16012, "Brachycephalic syndrome"),
    (16013, "Bronchitis"), (16014, "Cardiomyopathy"), (16015, "Cataract"), (16016, "Cherry eye"),
    (16017, "Chronic kidney disease"), (16018, "Colic"), (16019, "Conjunctivitis"), (16020, "Corneal ulcer"),
    (16021, "Cruciate ligament rupture"), (16022, "Cystitis"), (16023, "Dental disease"), (16024, "Dermatophytosis"),
    (16025, "Diabetes mellitus"), (16026, "Ear mites"), (16027, "Ectoparasites"), (16028, "Endoparasites"),
    (16029, "Epilepsy"), (16030, "Feline upper respiratory disease"), (16031, "Flea allergy dermatitis"),
    (16032, "Food allergy"), (16033, "Foreign body, gastrointestinal"), (16034, "Fracture"), (16035, "Gastroenteritis"),
    (16036, "Gastric dilatation and volvulus"), (16037, "Gastrointestinal stasis"), (16038, "Glaucoma"),
    (16039, "Heart murmur"), (16040, "Hip dysplasia"), (16041, "Hyperadrenocorticism"), (16042, "Hyperthyroidism"),
    (16043, "Hypoadrenocorticism"), (16044, "Hypothyroidism"), (16045, "Intervertebral disc disease"),
    (16046, "Kennel cough"), (16047, "Laminitis"), (16048, "Lipoma"), (16049, "Lymphoma"), (16050, "Mammary tumour"),
    (16051, "Mast cell tumour"), (16052, "Mastitis"), (16053, "Mitral valve disease"), (16054, "Obesity"),
    (16055, "Otitis externa"), (16056, "Pancreatitis"), (16057, "Parvovirus infection"), (16058, "Patellar luxation"),
    (16059, "Periodontitis"), (16060, "Pneumonia"), (16061, "Pododermatitis"), (16062, "Poisoning"),
    (16063, "Pyoderma"), (16064, "Pyometra"), (16065, "Ringworm"), (16066, "Skin tumour"), (16067, "Sprain"),
    (16068, "Tick-borne disease"), (16069, "Tracheal collapse"), (16070, "Urinary tract infection"),
    (16071, "Uveitis"), (16072, "Wound"),
)  # fmt: skip


def shared_diagnoses() -> list[CodeEntry]:
    """The shared entries, by code."""
    return [
        CodeEntry(item * _LIST_DIGITS + SHARED_LIST, None, CodeList.DIAGNOSES, name, True) for item, name in _DIAGNOSES
    ]
