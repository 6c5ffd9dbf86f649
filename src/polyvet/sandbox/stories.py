# SPDX-License-Identifier: Apache-2.0
"""Why animals come and what is written down then: SOAP notes that read plausibly, with the invoice lines that match.

Texts take {name}, {kg}, {temp}, {pulse}, {breaths} and {days}. Reasons that come by themselves stand in complaints.py.
"""

from __future__ import annotations

from polyvet.model.entities import Entity, EventKind, RecordKind

DOG, CAT, RABBIT, BIRD, REPTILE = "dog", "cat", "rabbit", "bird", "reptile"
EXOTIC, HORSE = "exotic", "horse"
PETS = (DOG, CAT)
RODENTS = (RABBIT, EXOTIC)
HAY_EATERS = (RABBIT, "guinea pig", "chinchilla", "degu")
RUMINANTS = ("cow", "sheep", "goat", "alpaca")


# What a visit is, in the medical record and in the calendar, and how many minutes it takes.
EXAMINATION = (RecordKind.EXAMINATION, EventKind.APPOINTMENT, 30)
EMERGENCY = (RecordKind.EMERGENCY, EventKind.EMERGENCY, 60)
SURGERY = (RecordKind.SURGERY, EventKind.SURGERY, 90)
DENTAL = (RecordKind.DENTAL, EventKind.SURGERY, 90)
GROOMING = (RecordKind.GROOMING, EventKind.APPOINTMENT, 30)
EXAM = ("SRV-EXAM", 1)
# Parts of the expected life.
ANY_AGE = (0.0, 1.0)
ADULT = (0.1, 1.0)
OLD = (0.55, 1.0)


class Reason(Entity, frozen=True):
    """One kind of visit. `slugs` (or everyday names, lower case) tell whose; empty: any animal's."""

    title: str
    kind: RecordKind
    event: EventKind
    minutes: int
    slugs: tuple[str, ...]
    share: float
    ages: tuple[float, float]  # from and to, as parts of the expected life
    subjective: tuple[str, ...]
    objective: str
    assessment: str
    plan: str
    lines: tuple[tuple[str, int], ...]
    differential: str | None = None
    tests: str = ""  # "blood", "urine" or both
    follow_up_days: int = 0


def routine(
    title: str,
    kinds: tuple[RecordKind, EventKind],
    minutes: int,
    slugs: tuple[str, ...],
    lines: tuple[tuple[str, int], ...],
    *,
    subjective: tuple[str, ...],
    objective: str,
    assessment: str,
    plan: str,
    tests: str = "",
    follow_up_days: int = 0,
) -> Reason:
    """A visit that is due, not caused by a complaint."""
    return Reason(
        title,
        *kinds,
        minutes,
        slugs,
        1,
        (0, 1),
        subjective,
        objective,
        assessment,
        plan,
        lines,
        tests=tests,
        follow_up_days=follow_up_days,
    )


FIRST_VISIT = routine(
    "First Visit",
    (RecordKind.EXAMINATION, EventKind.APPOINTMENT),
    30,
    (),
    (("SRV-EXAM", 1),),
    subjective=(
        "New patient. {name} moved in {days} days ago, eats well and has settled in quickly.",
        "First presentation after a move; the previous practice's papers were handed over. No complaints about {name}.",
        "{name} was taken over from a shelter. The history before that is not known; bright at home so far.",
    ),
    objective=(
        "Weight {kg} kg, temperature {temp} °C, pulse {pulse}/min, {breaths} breaths/min. Heart, lungs, "
        "eyes, ears and "
        "skin without findings. Body condition 5 of 9."
    ),
    assessment="Clinically healthy",
    plan="File opened, care and feeding discussed, prevention plan handed out.",
)
CHECKUP = routine(
    "Annual Checkup",
    (RecordKind.CHECKUP, EventKind.CHECKUP),
    30,
    (),
    (("SRV-CHECKUP", 1),),
    subjective=(
        "Yearly check. {name} is doing well at home; appetite and thirst are unchanged.",
        "Here for the yearly check. The owner has noticed nothing unusual about {name}.",
        "{name} is active and eats as always. The owner asks about the right amount of food.",
    ),
    objective=(
        "Weight {kg} kg, temperature {temp} °C, pulse {pulse}/min, {breaths} breaths/min. Mucous membranes "
        "pink, lymph nodes "
        "not enlarged, abdomen soft, gait even."
    ),
    assessment="Healthy, no concerns",
    plan="Keep the present diet, parasite prevention through the season, next check in a year.",
)
SENIOR_CHECKUP = routine(
    "Senior Health Check",
    (RecordKind.CHECKUP, EventKind.CHECKUP),
    30,
    (DOG, CAT),
    (("SRV-CHECKUP", 1), ("SRV-BLOOD", 1), ("SRV-URINE", 1)),
    subjective=(
        "{name} sleeps more than a year ago but still enjoys going out. Drinks a little more, as far as the "
        "owner can tell.",
        "Check with laboratory tests because of age. {name} is slower to get up in the morning.",
    ),
    objective=(
        "Weight {kg} kg, temperature {temp} °C, pulse {pulse}/min. Mild clouding of both lenses, some "
        "tartar, muscles of the "
        "hind legs slightly reduced. Blood and urine taken."
    ),
    assessment="In good state for the age; values within or close to their ranges",
    plan="Joint-friendly exercise, weigh every three months, repeat the laboratory tests in a year.",
    tests="blood urine",
)
SPAY = routine(
    "Spay",
    (RecordKind.SURGERY, EventKind.SURGERY),
    90,
    (DOG, CAT, RABBIT, "ferret"),
    (("SRV-NEUTER-F", 1), ("SRV-ANAES", 1), ("MED-MELOX", 1), ("CON-SUTURE", 2), ("CON-COLLAR", 1)),
    subjective=("{name} was fasted as advised and is well today. Consent for anaesthesia signed.",),
    objective=(
        "Weight {kg} kg, pulse {pulse}/min, heart and lungs without findings. Ovariectomy through the "
        "midline, no bleeding, "
        "skin closed intradermally. Quiet recovery."
    ),
    assessment="Uneventful spay",
    plan="Pain relief for four days, collar for ten days, leash walks only. Wound check in ten days.",
    follow_up_days=10,
)
CASTRATION = routine(
    "Castration",
    (RecordKind.SURGERY, EventKind.SURGERY),
    60,
    (DOG, CAT, RABBIT, HORSE),
    (("SRV-NEUTER-M", 1), ("SRV-ANAES", 1), ("MED-MELOX", 1), ("CON-SUTURE", 1)),
    subjective=("{name} came fasted. No illness in the last weeks. Consent for anaesthesia signed.",),
    objective=(
        "Weight {kg} kg, pulse {pulse}/min, both testicles descended. Closed technique with double "
        "ligature, no bleeding. "
        "Awake within half an hour."
    ),
    assessment="Uneventful castration",
    plan="Pain relief for three days, keep the wound dry and clean, check in ten days.",
    follow_up_days=10,
)
WOUND_CHECK = routine(
    "Wound Check",
    (RecordKind.EXAMINATION, EventKind.APPOINTMENT),
    30,
    (),
    (("SRV-EXAM-SHORT", 1),),
    subjective=(
        "{name} has been quiet and has left the wound alone.",
        "No discharge noticed at home; {name} eats normally again.",
    ),
    objective="Wound dry, edges closed, no swelling, no pain on touch. Temperature {temp} °C.",
    assessment="Healing as expected",
    plan="Collar off from tomorrow, normal exercise within a week. No further check needed.",
)
PROGRESS_CHECK = routine(
    "Progress Check",
    (RecordKind.EXAMINATION, EventKind.APPOINTMENT),
    30,
    (),
    (("SRV-EXAM-SHORT", 1),),
    subjective=(
        "{name} is much better since the last visit and takes the medicine without trouble.",
        "Improved, but not quite back to normal, says the owner. {name} eats about three quarters of the usual amount.",
    ),
    objective="Weight {kg} kg, temperature {temp} °C, pulse {pulse}/min. Findings of the last visit clearly reduced.",
    assessment="Good response to treatment",
    plan="Finish the course as prescribed; come back only if signs return.",
)


class Vaccination(Entity, frozen=True):
    """One kind of protection: whom for, how often, and what goes on the invoice."""

    title: str
    slugs: tuple[str, ...]
    common: str  # restricts to one species of the slug; empty: all
    skus: tuple[str, ...]
    every_days: int
    puppy: bool  # also the first one of a young animal, repeated after four weeks


VACCINATIONS: tuple[Vaccination, ...] = (
    Vaccination("Distemper and Leptospirosis Vaccination", (DOG,), "", ("VAC-DHPP", "VAC-LEPTO"), 365, True),
    Vaccination("Rabies Vaccination", (DOG,), "", ("VAC-RAB", "VAC-LEPTO"), 365, False),
    Vaccination("Kennel Cough Vaccination", (DOG,), "", ("VAC-KC",), 365, False),
    Vaccination("Cat Flu and Panleukopenia Vaccination", (CAT,), "", ("VAC-RCP",), 365, True),
    Vaccination("Feline Leukaemia Vaccination", (CAT,), "", ("VAC-RCP", "VAC-FELV"), 365, False),
    Vaccination("Rabies Vaccination", (CAT,), "", ("VAC-RAB",), 730, False),
    Vaccination("Myxomatosis and RHD Vaccination", (RABBIT,), "", ("VAC-MYXO",), 365, True),
    Vaccination("Ferret Distemper Vaccination", (EXOTIC,), "Ferret", ("VAC-FERRET",), 365, True),
    Vaccination("Influenza and Tetanus Vaccination", (HORSE, "donkey"), "", ("VAC-EQ",), 182, True),
    Vaccination("Clostridial Vaccination", RUMINANTS, "", ("VAC-CLOST",), 365, True),
)


def vaccination_reason(kind: Vaccination) -> Reason:
    """The visit at which this vaccination is given."""
    return routine(
        kind.title,
        (RecordKind.VACCINATION, EventKind.VACCINATION),
        30,
        kind.slugs,
        (("SRV-VACC", 1), *((sku, 1) for sku in kind.skus)),
        subjective=(
            "Vaccination due. {name} is lively and eats well.",
            "{name} comes for the next vaccination; no reaction after the last one.",
        ),
        objective=(
            "Weight {kg} kg, temperature {temp} °C, pulse {pulse}/min. General examination without "
            "findings, fit for vaccination."
        ),
        assessment="Healthy, vaccinated",
        plan="Rest for a day. Possible reactions explained, next date entered in the vaccination card.",
    )


VACCINATION_REASONS: tuple[tuple[Vaccination, Reason], ...] = tuple(
    (kind, vaccination_reason(kind)) for kind in VACCINATIONS
)
