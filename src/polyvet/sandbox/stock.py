# SPDX-License-Identifier: Apache-2.0
"""What the demo practice sells and uses up: the inventory, and the names and prices on its invoices."""

from __future__ import annotations

from polyvet.model.entities import Entity

MEDICATION = "MEDICATION"
VACCINE = "VACCINE"
CONSUMABLE = "CONSUMABLE"
SERVICE = "SERVICE"


class Article(Entity, frozen=True):
    """An article of the price list; without a low-stock threshold it is a service, which has no stock."""

    sku: str
    name: str
    category: str
    unit: str
    price_cents: int
    low_stock: int = 0


_SERVICES = (
    ("SRV-EXAM", "Consultation", 4200),
    ("SRV-EXAM-SHORT", "Follow-up Consultation", 2600),
    ("SRV-CHECKUP", "Annual Health Check", 4800),
    ("SRV-EMERGENCY", "Emergency Surcharge", 9500),
    ("SRV-VACC", "Vaccination Visit", 1800),
    ("SRV-HOME", "Farm or Stable Call", 6900),
    ("SRV-BLOOD", "Blood Panel", 6800),
    ("SRV-URINE", "Urinalysis", 2900),
    ("SRV-FAECAL", "Faecal Examination", 2400),
    ("SRV-CYTO", "Cytology", 3100),
    ("SRV-XRAY", "Radiograph, two views", 8900),
    ("SRV-USOUND", "Abdominal Ultrasound", 9800),
    ("SRV-DENTAL", "Dental Scaling and Polishing", 18500),
    ("SRV-EXTRACT", "Tooth Extraction", 3800),
    ("SRV-ANAES", "General Anaesthesia", 9200),
    ("SRV-NEUTER-F", "Spay Surgery", 21500),
    ("SRV-NEUTER-M", "Castration", 12500),
    ("SRV-MASS", "Removal of a Skin Mass", 24000),
    ("SRV-WOUND", "Wound Care", 5400),
    ("SRV-NAILS", "Nail and Beak Trim", 1500),
    ("SRV-TEETH", "Incisor and Molar Trim", 3900),
    ("SRV-CHIP", "Microchip Implantation", 2800),
    ("SRV-GROOM", "Clipping of Matted Coat", 4500),
    ("SRV-NIGHT", "Overnight Stay", 7500),
    ("SRV-PASS", "Pet Passport", 2000),
    ("SRV-FLUID", "Intravenous Fluid Therapy", 5900),
)
_GOODS = (
    ("VAC-RAB", "Rabies Vaccine", VACCINE, "vial", 4500, 20),
    ("VAC-DHPP", "Distemper Combination Vaccine", VACCINE, "vial", 3900, 20),
    ("VAC-LEPTO", "Leptospirosis Vaccine", VACCINE, "vial", 3200, 15),
    ("VAC-KC", "Kennel Cough Vaccine, nasal", VACCINE, "dose", 3000, 10),
    ("VAC-RCP", "Cat Flu and Panleukopenia Vaccine", VACCINE, "vial", 3700, 15),
    ("VAC-FELV", "Feline Leukaemia Vaccine", VACCINE, "vial", 4100, 10),
    ("VAC-MYXO", "Myxomatosis and RHD Vaccine", VACCINE, "vial", 4400, 6),
    ("VAC-FERRET", "Ferret Distemper Vaccine", VACCINE, "vial", 4600, 2),
    ("VAC-EQ", "Equine Influenza and Tetanus Vaccine", VACCINE, "syringe", 4900, 5),
    ("VAC-CLOST", "Clostridial Vaccine for Ruminants", VACCINE, "dose", 1100, 20),
    ("MED-AMOX", "Amoxicillin-Clavulanate 250 mg", MEDICATION, "tablet", 95, 200),
    ("MED-ENRO", "Enrofloxacin 2.5 % Solution", MEDICATION, "ml", 140, 50),
    ("MED-MELOX", "Meloxicam 1.5 mg/ml Suspension", MEDICATION, "bottle", 2650, 8),
    ("MED-CARPRO", "Carprofen 50 mg", MEDICATION, "tablet", 110, 100),
    ("MED-GABA", "Gabapentin 100 mg", MEDICATION, "capsule", 85, 100),
    ("MED-PRED", "Prednisolone 5 mg", MEDICATION, "tablet", 40, 150),
    ("MED-OCLA", "Oclacitinib 5.4 mg", MEDICATION, "tablet", 290, 60),
    ("MED-MARO", "Maropitant Injection", MEDICATION, "ml", 980, 20),
    ("MED-METRO", "Metronidazole 250 mg", MEDICATION, "tablet", 60, 100),
    ("MED-FURO", "Furosemide 40 mg", MEDICATION, "tablet", 35, 100),
    ("MED-PIMO", "Pimobendan 5 mg", MEDICATION, "tablet", 165, 100),
    ("MED-BENAZ", "Benazepril 5 mg", MEDICATION, "tablet", 75, 80),
    ("MED-THIAM", "Thiamazole 2.5 mg", MEDICATION, "tablet", 70, 80),
    ("MED-INSULIN", "Insulin for Cats and Dogs", MEDICATION, "vial", 5600, 4),
    ("MED-EAR", "Ear Drops, three active agents", MEDICATION, "bottle", 2350, 10),
    ("MED-EYE", "Fusidic Acid Eye Drops", MEDICATION, "tube", 1790, 8),
    ("MED-WORM", "Praziquantel and Milbemycin", MEDICATION, "tablet", 890, 50),
    ("MED-FLEA", "Flea and Tick Chewable", MEDICATION, "tablet", 1990, 40),
    ("MED-FENB", "Fenbendazole Paste", MEDICATION, "syringe", 1450, 10),
    ("MED-IVER", "Ivermectin Spot-on for Small Mammals", MEDICATION, "pipette", 750, 10),
    ("MED-PROBIO", "Probiotic Paste", MEDICATION, "syringe", 1290, 12),
    ("MED-METOC", "Metoclopramide Oral Solution", MEDICATION, "ml", 60, 50),
    ("MED-BUTYL", "Butylscopolamine Injection", MEDICATION, "ml", 320, 20),
    ("CON-DIET-GI", "Gastrointestinal Diet 2 kg", CONSUMABLE, "bag", 2490, 6),
    ("CON-DIET-REN", "Renal Diet 2 kg", CONSUMABLE, "bag", 2790, 6),
    ("CON-DIET-URI", "Urinary Diet 1.5 kg", CONSUMABLE, "bag", 2290, 6),
    ("CON-RECOVERY", "Recovery Feed for Herbivores", CONSUMABLE, "sachet", 690, 15),
    ("CON-COLLAR", "Protective Collar", CONSUMABLE, "piece", 950, 10),
    ("CON-SUTURE", "Absorbable Suture 3-0", CONSUMABLE, "piece", 780, 24),
    ("CON-BANDAGE", "Cohesive Bandage", CONSUMABLE, "roll", 360, 30),
    ("CON-CHIP", "Microchip Transponder", CONSUMABLE, "piece", 850, 15),
    ("CON-SYRINGE", "Syringe 2 ml", CONSUMABLE, "piece", 20, 300),
    ("CON-GLOVES", "Examination Gloves", CONSUMABLE, "box", 990, 8),
    ("CON-SHAMPOO", "Chlorhexidine Shampoo", CONSUMABLE, "bottle", 1850, 6),
    ("CON-UVB", "UVB Lamp for Terrariums", CONSUMABLE, "piece", 3900, 2),
    ("CON-CALCIUM", "Calcium and Vitamin D3 Powder", CONSUMABLE, "tin", 1150, 5),
)

ARTICLES: tuple[Article, ...] = tuple(
    Article(sku, name, SERVICE, "service", price) for sku, name, price in _SERVICES
) + tuple(Article(*row) for row in _GOODS)
BY_SKU: dict[str, Article] = {article.sku: article for article in ARTICLES}
