# SPDX-License-Identifier: Apache-2.0
"""Names for the demo practice's people and animals: several languages, so that search meets more than ASCII."""

from __future__ import annotations

import unicodedata

from polyvet.model.entities import Entity

# Reserved for documentation: a mail that slips out of a demo reaches nobody.
MAIL_DOMAINS = ("example.com", "example.org")

_BEYOND_DECOMPOSITION = str.maketrans(
    {"ı": "i", "ø": "o", "Ø": "O", "ß": "ss", "æ": "ae", "Æ": "AE", "ł": "l", "Ł": "L"}
)


def plain(text: str) -> str:
    """The letters of a name as they appear in a mail address: ASCII, lower case, no spaces or apostrophes."""
    decomposed = unicodedata.normalize("NFKD", text.translate(_BEYOND_DECOMPOSITION))
    return "".join(c for c in decomposed if c.isascii() and (c.isalnum() or c == "-")).lower()


class Culture(Entity, frozen=True):
    """A language area: its names, each beside its plain form, and how people write addresses and phones there."""

    first: tuple[tuple[str, str], ...]
    last: tuple[tuple[str, str], ...]
    streets: tuple[str, ...]
    towns: tuple[str, ...]
    address: str  # {street}, {house} and {town}, in the order of the country
    phone: str  # seven digits go in as {a:03d} and {b:04d}
    share: float


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, plain(name)) for name in text.split())


def _culture(share: float, first: str, last: str, streets: str, towns: str, address: str, phone: str) -> Culture:
    return Culture(
        first=_pairs(first),
        last=_pairs(last),
        streets=tuple(streets.split("|")),
        towns=tuple(towns.split("|")),
        address=address,
        phone=phone,
        share=share,
    )


_STREET_FIRST = "{street} {house}, {town}"
_HOUSE_FIRST = "{house} {street}, {town}"

CULTURES: tuple[Culture, ...] = (
    _culture(
        34,
        "James Mary Robert Patricia Michael Jennifer William Linda David Elizabeth Thomas Sarah Daniel Karen Matthew "
        "Emily Andrew Laura Joshua Megan Ryan Hannah Benjamin Olivia Samuel Grace Henry Charlotte Jack Amelia Oliver "
        "Isla George Freya Harry Poppy Alice Owen Ruth Martin Claire Philip Joanne Kevin Rachel Peter Helen Siân",
        "Johnson Williams Brown Jones Miller Davis Wilson Anderson Taylor Moore Jackson Thompson White Harris Clark "
        "Lewis Robinson Walker Young Allen King Wright Scott Hill Green Adams Baker Nelson Carter Mitchell Roberts "
        "Turner Phillips Campbell Parker Evans Edwards Collins Stewart Morris Murphy Cook Rogers Bailey Cooper "
        "Richardson Ward Wood Watson Brooks Bennett Gray Hughes Price O'Brien O'Connor Fairweather Ashworth",
        "Mill Lane|Church Street|Victoria Road|Station Road|High Street|Orchard Close|Park Avenue|Elm Grove|"
        "Maple Drive|Harbour View|Queen Street|Bridge Road|Willow Way|Chestnut Walk|Meadow Rise",
        "Bristol BS1 4ND|Leeds LS2 8JT|York YO1 7HH|Exeter EX4 3SR|Norwich NR2 1TF|Bath BA1 2QR|Durham DH1 3RW|"
        "Galway H91 E2K3|Portland, OR 97205|Madison, WI 53703",
        _HOUSE_FIRST,
        "+44 20 7{a:03d} {b:04d}",
    ),
    _culture(
        14,
        "Lukas Anna Jonas Lena Felix Laura Maximilian Sophie Jürgen Ursula Günther Käthe Björn Jörg Heike Sabine "
        "Stefan Petra Uwe Birgit Klaus Monika Tobias Franziska Florian Katharina Moritz Johanna Bärbel Götz Änne",
        "Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Schäfer Koch Bauer Richter Klein "
        "Wolf Schröder Neumann Schwarz Zimmermann Braun Krüger Hofmann Hartmann Lange Krause Lehmann Köhler Maier "
        "Jäger Völker Weiß Groß Böhm Günther Strauß Pfützner",
        "Hauptstraße|Bahnhofstraße|Gartenweg|Lindenallee|Schillerstraße|Am Mühlbach|Kirchgasse|Bergstraße|"
        "Rosenweg|Goethestraße|Ringstraße|Unter den Eichen",
        "20095 Hamburg|10115 Berlin|80331 München|50667 Köln|04109 Leipzig|79098 Freiburg|1010 Wien|8001 Zürich|"
        "24937 Flensburg|23552 Lübeck",
        _STREET_FIRST,
        "+49 30 {a:03d} {b:04d}",
    ),
    _culture(
        14,
        "Ayşe Mehmet Fatma Mustafa Emine Ahmet Hatice Ali Zeynep Hüseyin Elif Hasan Merve İbrahim Özlem Osman Büşra "
        "Murat Çiğdem Ömer Gülşen Şükrü Yağmur Emre Defne Can İnci Kerem Nazlı Burak Işıl Deniz Ece Selim Tuğba",
        "Yılmaz Kaya Demir Çelik Şahin Yıldız Yıldırım Öztürk Aydın Özdemir Arslan Doğan Kılıç Aslan Çetin Kara Koç "
        "Kurt Özkan Şimşek Polat Korkmaz Çakır Erdoğan Güneş Aksoy Bulut Ünal Güler Işık Tekin Sarı Tunç Ateş Gök",
        "Bağdat Caddesi|Atatürk Bulvarı|Cumhuriyet Caddesi|İstiklal Caddesi|Gül Sokak|Çınar Sokak|Lale Sokak|"
        "Menekşe Sokak|Şehit Nevres Bulvarı|Kıbrıs Şehitleri Caddesi",
        "34710 Kadıköy/İstanbul|34330 Beşiktaş/İstanbul|06680 Çankaya/Ankara|35220 Konak/İzmir|16010 Osmangazi/Bursa|"
        "07100 Muratpaşa/Antalya|26130 Tepebaşı/Eskişehir",
        "{street} No: {house}, {town}",
        "+90 532 {a:03d} {b:04d}",
    ),
    _culture(
        16,
        "Laura Mikko Anna Juha Aino Ville Hanna Antti Emilia Jari Päivi Eero Sanna Heikki Tiina Väinö Kirsi Säde "
        "Erik Astrid Lars Ingrid Nils Karin Björn Sigrid Åsa Magnus Linnéa Gösta Håkon Kåre Søren Bjørg Solveig "
        "Mette Jørgen Gunnhild Þóra Östen",
        "Virtanen Korhonen Mäkinen Nieminen Mäkelä Hämäläinen Laine Heikkinen Koskinen Järvinen Lehtonen Saarinen "
        "Niemelä Pöyhönen Hyvönen Andersson Johansson Karlsson Nilsson Eriksson Lindström Sjöberg Öberg Åkerlund "
        "Hansen Olsen Sørensen Jørgensen Bjørnstad Ødegård Nygård Holm Bergström Dahl Strand Rønning",
        "Mannerheimintie|Hämeentie|Kauppakatu|Rantatie|Koivukuja|Mäntytie|Storgatan|Kungsgatan|Sjövägen|Björkvägen|"
        "Strandgata|Kirkeveien|Nørregade|Søndergade",
        "00100 Helsinki|33100 Tampere|20100 Turku|90100 Oulu|02600 Espoo|40100 Jyväskylä|65100 Vaasa|111 20 Stockholm|"
        "0150 Oslo|8000 Aarhus C",
        _STREET_FIRST,
        "+358 40 {a:03d} {b:04d}",
    ),
    _culture(
        9,
        "Léa Hugo Chloé Lucas Zoé Gabriel Inès Raphaël Camille Jérôme Élodie François Hélène Benoît Céline Théo Agnès "
        "Noémie Loïc Aurélie Étienne Maëlle Rémi Françoise Anaïs Gaëtan Cécile Mathieu",
        "Martin Bernard Dubois Durand Leroy Moreau Lefèvre Girard André Mercier Blanc Guérin Boyer Chevalier François "
        "Garnier Faure Rousseau Brunet Gérard Lemaître Bérard Château Noël D'Arcy Perrin Côté Pelletier",
        "rue de la République|avenue des Tilleuls|rue du Moulin|place de l'Église|rue Victor-Hugo|chemin des Prés|"
        "impasse du Château|rue des Écoles",
        "75011 Paris|69003 Lyon|33000 Bordeaux|44000 Nantes|67000 Strasbourg|1205 Genève|1000 Bruxelles",
        _HOUSE_FIRST,
        "+33 6 12 {a:03d} {b:04d}",
    ),
    _culture(
        8,
        "María José Lucía Javier Carmen Álvaro Sofía Andrés Inés Joaquín Belén Íñigo Giulia Matteo Chiara Niccolò "
        "João Mariana Inês Tomás Beatriz Gonçalo Núria Òscar",
        "García Fernández González Rodríguez López Martínez Sánchez Pérez Gómez Muñoz Ibáñez Núñez Rossi Bianchi Russo "
        "Ferrari Esposito Silva Santos Ferreira Conceição Gonçalves Araújo Peña",
        "Calle Mayor|Calle del Olmo|Avenida de la Constitución|Paseo Marítimo|Via Roma|Via Garibaldi|Rua das Flores|"
        "Travessa do Carmo",
        "28013 Madrid|08001 Barcelona|41001 Sevilla|29015 Málaga|20121 Milano|50122 Firenze|1200 Lisboa|4000 Porto",
        "{street}, {house}, {town}",
        "+34 612 {a:03d} {b:04d}",
    ),
    _culture(
        5,
        "Agnieszka Paweł Zofia Łukasz Małgorzata Michał Jiří Tereza Ondřej Kateřina Zuzana Tomáš László Ágnes Zoltán "
        "Eszter Ștefan Ioana Dragan Jelena Marta Piotr",
        "Kowalski Wiśniewski Wójcik Kamiński Zieliński Dąbrowski Novák Dvořák Černý Svoboda Procházka Nagy Kovács Tóth "
        "Szabó Horváth Ionescu Popescu Petrović Jovanović Łukaszewicz Żak",
        "ul. Długa|ul. Lipowa|ul. Słoneczna|Nádražní|Husova|Lípová|Petőfi utca|Kossuth utca",
        "00-238 Warszawa|31-042 Kraków|110 00 Praha|602 00 Brno|1052 Budapest|811 01 Bratislava",
        _STREET_FIRST,
        "+48 601 {a:03d} {b:04d}",
    ),
)


class PetNames(Entity, frozen=True):
    """What animals of one kind are called; a name for either stands in both."""

    male: tuple[str, ...]
    female: tuple[str, ...]


def _pet_names(either: str, male: str = "", female: str = "") -> PetNames:
    return PetNames(tuple(f"{either} {male}".split()), tuple(f"{either} {female}".split()))


PET_NAMES: dict[str, PetNames] = {
    "Dog": _pet_names(
        "Coco Lucky Teddy Pamuk Zeytin Fındık Tarçın Gofret Onni Sisu Lumi Charlie Sam Skye Pip Biscuit Pepper Scout "
        "Waffles Toffee Kiwi Banjo Ziggy Hazel",
        "Max Milo Buddy Rocky Balu Karabaş Rex Bruno Oscar Toby Archie Zeus Alfie Duke Cooper Jack Tucker Bear Rufus "
        "Winston Hugo Paşa Musti Halli Nuutti Peppi Bamse Ludde Anton Lennox Diego Hektor Filou Néo Thor Odin Barney "
        "Otto Moose Sepp Benno Çakıl Aslan Fiete Sven Pongo Bandit Jasper",
        "Bella Luna Daisy Nala Emma Lotte Molly Ruby Rosie Bailey Lola Poppy Stella Maggie Sadie Tessu Frida "
        "Tyra Wanda "
        "Paula Bonnie Fenja Amy Gipsy Réglisse Praline Vanille Juno Willow Ginny Maja Prenses Hera Elsa Freya "
        "Zoé Nelly "
        "Kira Penny Roxy Ylva",
    ),
    "Cat": _pet_names(
        "Misty Kitty Smokey Oreo Socks Momo Minki Pamuk Duman Tekir Zeytin Limon Şans Mırnav Misu Viiru Kisu "
        "Pepsi Minou "
        "Noisette Caramel Salem Pumpkin Marmalade Pixel Sushi Mochi Waffle Pepper Shadow",
        "Simba Milo Oliver Leo Loki Felix Tiger Findus Mikesch Schnurri Nekku Måns Pelle Gustav Sixten Félix "
        "Binx Tigger "
        "Jasper Gizmo Merlin Figaro Dante Garfield Moritz Paşa Balthazar Nils Ginger",
        "Luna Lily Cleo Nala Chloe Mimi Minka Mia Mirri Sylvi Chaussette Olive Iris Boncukçuk Prenses Maja Lilli "
        "Bastet "
        "Kleopatra Tuulikki Fräulein Ylva Sultan Rosie Daisy Princess",
    ),
    "Rabbit": _pet_names(
        "Hoppel Snowy Schnuffel Pamuk Puhti Nöpö Carotte Oreo Mümmel Clover Pırtık",
        "Klopfer Thumper Bugs Hugo",
        "Nala Flopsy Lotte Daisy",
    ),
    "Bird": _pet_names(
        "Kiwi Coco Tweety Rio Hansi Peppi Maviş Limon Sunny Polly Jakob Zazu Fıstık Piou Tipi Sky Mango"
    ),
    "Chicken": _pet_names(
        "Pollo Nugget Gıdık Dotty", "Gustl Coq", "Henrietta Berta Frida Ginger Cocotte Trude Marigold"
    ),
    "Tortoise": _pet_names(
        "Speedy Sheldon Franklin Turbo Tosbik Kilppari Manouche Toby Schildi Flash Leonardo Hermann"
    ),
    "Lizard": _pet_names("Spike Drago Rango Ziggy Smaug Draco Pascal Norbert Puff Liz Zilla Kiko"),
    "Snake": _pet_names("Kaa Nagini Monty Slinky Medusa Noodle Sid Hiss Zıpzıp Ramses Jörmungandr"),
    "Guinea Pig": _pet_names(
        "Patches Nibbles Oreo Squeak Cookie Peanut Flöckchen Kıvırcık Nappula Biscotte Wuschel",
        "Fred Krümel",
        "Rosi Elsa",
    ),
    "Hamster": _pet_names("Hammy Nibbles Goldie Krümel Chip Pikku Fındık Noisette Biscuit Fuzzy Speedy Rölli"),
    "Horse": _pet_names(
        "Spirit Tähti Étoile Blesi Rüzgâr Fjörgyn",
        "Apollo Sleipnir Donner Kasper Fury Valentino",
        "Bella Stella Luna Flicka Ronja",
    ),
    "Cow": _pet_names("Omena Lumo", "Ferdinand Urho", "Berta Elsa Heluna Mansikki Sarıkız Rosa Daisy Rosalie Lotte"),
    "Other": _pet_names(
        "Nibbles Coco Pip Bandit Flash Pumuckl Bilbo Remy Minik Loki Pépin", "Frodo Zorro", "Emmi Vilma Luna Lulu"
    ),
}
