# SPDX-License-Identifier: Apache-2.0
"""The codelist of species and breeds that every installation starts with.

A code is a list item's number followed by the three digits of its list; 002 is the list that all clinics share.
The codes are written out, never counted: an entry that is added later must not move another's code.
`share` is how common an entry is in a mixed practice (relative within its list); 0 stands for a catch-all.
"""

from __future__ import annotations

from polyvet.model.entities import Breed, Entity, Species

SHARED_LIST = 2
_LIST_DIGITS = 1000


class BreedEntry(Entity, frozen=True):
    """A breed, strain or type, as a code and a name."""

    code: int
    name: str
    share: float


class SpeciesEntry(Entity, frozen=True):
    """A species under each of its names: full, one-word slug and everyday."""

    code: int
    name: str
    slug: str
    common: str
    synonyms: tuple[str, ...]  # folded
    share: float
    breeds: tuple[BreedEntry, ...]


def _code(item: int) -> int:
    return item * _LIST_DIGITS + SHARED_LIST


def _breeds(*rows: tuple[int, str, float]) -> tuple[BreedEntry, ...]:
    return tuple(BreedEntry(_code(item), name, share) for item, name, share in rows)


_DOGS = _breeds(
    (13688, "Mixed Breed", 24),
    (13689, "Labrador Retriever", 9),
    (13690, "Golden Retriever", 4.5),
    (13691, "German Shepherd Dog", 5),
    (13692, "French Bulldog", 5),
    (13693, "Chihuahua", 4),
    (13694, "Jack Russell Terrier", 4),
    (13695, "Yorkshire Terrier", 3),
    (13696, "Cocker Spaniel", 3.5),
    (13697, "Dachshund", 3.5),
    (13698, "Border Collie", 3),
    (13699, "Poodle", 2.5),
    (13700, "Miniature Schnauzer", 2),
    (13701, "Shih Tzu", 2.5),
    (13702, "Beagle", 2),
    (13703, "Boxer", 1.5),
    (13704, "Rottweiler", 1.3),
    (13705, "Pug", 1.8),
    (13706, "Australian Shepherd", 1.8),
    (13707, "Cavalier King Charles Spaniel", 2),
    (13708, "Bernese Mountain Dog", 1),
    (13709, "Siberian Husky", 1.2),
    (13710, "Whippet", 1),
    (13711, "Greyhound", 0.8),
    (13712, "Great Dane", 0.5),
    (13713, "Staffordshire Bull Terrier", 2),
    (13714, "Kangal Shepherd Dog", 0.6),
    (13715, "Finnish Lapphund", 0.7),
    (13716, "Maltese", 1.8),
    (13717, "Pomeranian", 1.5),
    (13718, "Irish Setter", 0.5),
    (13719, "Newfoundland", 0.3),
)
_CATS = _breeds(
    (13800, "European Shorthair", 58),
    (13801, "Domestic Longhair", 9),
    (13802, "British Shorthair", 7),
    (13803, "Maine Coon", 6),
    (13804, "Siamese", 2.5),
    (13805, "Persian", 3),
    (13806, "Ragdoll", 4),
    (13807, "Bengal", 2.5),
    (13808, "Norwegian Forest Cat", 3),
    (13809, "Birman", 1.5),
    (13810, "Sphynx", 1),
    (13811, "Turkish Van", 0.7),
    (13812, "Turkish Angora", 0.8),
    (13813, "Burmese", 0.7),
    (13814, "Russian Blue", 0.8),
)
_RABBITS = _breeds(
    (13850, "Mixed Breed", 35),
    (13851, "Netherland Dwarf", 20),
    (13852, "Mini Lop", 18),
    (13853, "Lionhead", 13),
    (13854, "Rex", 6),
    (13855, "Flemish Giant", 3),
)
_BIRDS = _breeds(
    (13870, "Budgerigar", 42),
    (13871, "Cockatiel", 22),
    (13872, "Canary", 11),
    (13873, "Lovebird", 9),
    (13874, "African Grey Parrot", 8),
    (13875, "Amazon Parrot", 4),
    (13876, "Cockatoo", 2),
)
_CHICKENS = _breeds((13885, "Hybrid Layer", 60), (13886, "Orpington", 20), (13887, "Silkie", 20))
_TORTOISES = _breeds(
    (13900, "Hermann's Tortoise", 55),
    (13901, "Spur-thighed Tortoise", 25),
    (13902, "Red-eared Slider", 20),
)
_LIZARDS = _breeds((13910, "Bearded Dragon", 60), (13911, "Leopard Gecko", 32), (13912, "Green Iguana", 8))
_SNAKES = _breeds((13920, "Corn Snake", 50), (13921, "Ball Python", 38), (13922, "Boa Constrictor", 12))
_GUINEA_PIGS = _breeds(
    (13930, "American", 45), (13931, "Abyssinian", 30), (13932, "Peruvian", 15), (13933, "Skinny", 5)
)
_HAMSTERS = _breeds((13940, "Syrian Hamster", 60), (13941, "Roborovski Dwarf", 20), (13942, "Djungarian Hamster", 20))
_HORSES = _breeds(
    (13960, "Warmblood", 26),
    (13961, "Icelandic Horse", 12),
    (13962, "Finnhorse", 12),
    (13963, "Thoroughbred", 12),
    (13964, "Arabian", 9),
    (13965, "Shetland Pony", 14),
    (13966, "Haflinger", 8),
    (13967, "Quarter Horse", 7),
)
_CATTLE = _breeds(
    (13980, "Holstein Friesian", 55), (13981, "Simmental", 20), (13982, "Angus", 15), (13983, "Jersey", 10)
)
_SHEEP = _breeds((13990, "Texel", 40), (13991, "Suffolk", 30), (13992, "Finnsheep", 30))
_GOATS = _breeds((13995, "Saanen", 45), (13996, "Pygmy Goat", 40), (13997, "Boer", 15))
_PIGS = _breeds((14000, "Vietnamese Pot-bellied", 60), (14001, "Kunekune", 25), (14002, "Large White", 15))


def _species(
    item: int, names: tuple[str, str, str], share: float, synonyms: str, breeds: tuple[BreedEntry, ...] = ()
) -> SpeciesEntry:
    name, slug, common = names
    return SpeciesEntry(_code(item), name, slug, common, tuple(synonyms.split(",")), share, breeds)


SPECIES: tuple[SpeciesEntry, ...] = (
    _species(15461, ("Dog (Canine - Domestic)", "dog", "Dog"), 46, "canine,dogs,puppy", _DOGS),
    _species(15462, ("Cat (Feline - Domestic)", "cat", "Cat"), 40, "feline,cats,kitten", _CATS),
    _species(15463, ("Rabbit (Domestic)", "rabbit", "Rabbit"), 4.2, "lapine,bunny,rabbits", _RABBITS),
    _species(15464, ("Bird (Avian - Companion)", "bird", "Bird"), 1.7, "avian,birds,parrot", _BIRDS),
    _species(15465, ("Chicken (Avian - Poultry)", "bird", "Chicken"), 0.4, "hen,rooster,poultry", _CHICKENS),
    _species(15466, ("Tortoise (Chelonian)", "reptile", "Tortoise"), 0.7, "turtle,chelonian,terrapin", _TORTOISES),
    _species(15467, ("Lizard (Saurian)", "reptile", "Lizard"), 0.5, "gecko,iguana,bearded dragon", _LIZARDS),
    _species(15468, ("Snake (Ophidian)", "reptile", "Snake"), 0.3, "python,boa", _SNAKES),
    _species(15469, ("Reptile (Other)", "reptile", "Reptile"), 0, "reptilian,reptiles"),
    _species(15470, ("Guinea Pig (Cavia)", "exotic", "Guinea Pig"), 1.9, "cavy,guinea-pig", _GUINEA_PIGS),
    _species(15471, ("Hamster (Cricetine)", "exotic", "Hamster"), 0.9, "hamsters", _HAMSTERS),
    _species(15472, ("Ferret (Domestic)", "exotic", "Ferret"), 0.4, "ferrets,polecat"),
    _species(15473, ("Rat (Domestic)", "exotic", "Rat"), 0.5, "rats,fancy rat"),
    _species(15474, ("Mouse (Domestic)", "exotic", "Mouse"), 0.1, "mice,fancy mouse"),
    _species(15475, ("Chinchilla", "exotic", "Chinchilla"), 0.2, "chinchillas"),
    _species(15476, ("Gerbil", "exotic", "Gerbil"), 0.1, "gerbils"),
    _species(15477, ("Degu", "exotic", "Degu"), 0.1, "degus"),
    _species(15478, ("Hedgehog", "exotic", "Hedgehog"), 0.1, "hedgehogs"),
    _species(15479, ("Fish (Ornamental)", "exotic", "Fish"), 0, "koi,goldfish"),
    _species(15480, ("Exotic (Other)", "exotic", "Exotic"), 0, "exotics,exotic animal"),
    _species(15490, ("Horse (Equine)", "horse", "Horse"), 1.3, "equine,pony,horses", _HORSES),
    _species(15491, ("Donkey (Equine)", "donkey", "Donkey"), 0.1, "donkeys,mule"),
    _species(15492, ("Cow (Bovine)", "cow", "Cow"), 0.2, "bovine,cattle,bull", _CATTLE),
    _species(15493, ("Sheep (Ovine)", "sheep", "Sheep"), 0.2, "ovine,lamb", _SHEEP),
    _species(15494, ("Goat (Caprine)", "goat", "Goat"), 0.2, "caprine,goats", _GOATS),
    _species(15495, ("Pig (Porcine)", "pig", "Pig"), 0.1, "porcine,swine,minipig", _PIGS),
    _species(15496, ("Alpaca (Camelid)", "alpaca", "Alpaca"), 0.1, "alpacas,llama"),
)


def species_rows() -> list[Species]:
    """The codelist's species as shared rows."""
    return [Species(one.code, None, one.name, one.slug, one.common, ",".join(one.synonyms)) for one in SPECIES]


def breed_rows() -> list[Breed]:
    """The codelist's breeds as shared rows."""
    return [Breed(breed.code, None, one.code, breed.name) for one in SPECIES for breed in one.breeds]
