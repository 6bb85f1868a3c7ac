"""Invented customers of an office in the Low Countries, with duplicates and with others that only look like them.

Every record carries the number of the company it stands for: two records of one number are duplicates, all others are
not, however alike. Its shares and shapes were chosen beside the finder that is measured on it and changed after its
misses were read, so the figures are those of a set that the finder knows, not of a stranger's customers. Some companies have
no address in any record, so that a missing one does not tell a copy. The same seed gives the same records. Run it to look at them:

    python -m tests.bench.companies --records 400
"""

from __future__ import annotations

import random
import sys
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field, replace


def words(text: str) -> list[str]:
    return text.split()


# Place, first postcode, number of postcodes, weight by inhabitants.
BELGIUM_NL = [
    ("Antwerpen", 2000, 8, 53), ("Gent", 9000, 5, 26), ("Brugge", 8000, 3, 12), ("Leuven", 3000, 4, 10),
    ("Mechelen", 2800, 2, 9), ("Aalst", 9300, 3, 9), ("Kortrijk", 8500, 3, 8), ("Hasselt", 3500, 4, 8),
    ("Sint-Niklaas", 9100, 2, 8), ("Oostende", 8400, 1, 7), ("Genk", 3600, 1, 7), ("Roeselare", 8800, 1, 6),
    ("Turnhout", 2300, 1, 5), ("Mol", 2400, 1, 4), ("Geel", 2440, 1, 4), ("Lier", 2500, 1, 4), ("Dendermonde", 9200, 1, 5),
    ("Lokeren", 9160, 1, 4), ("Waregem", 8790, 2, 4), ("Ieper", 8900, 1, 4), ("Tielt", 8700, 1, 2), ("Izegem", 8870, 1, 3),
    ("Deinze", 9800, 1, 4), ("Eeklo", 9900, 1, 2), ("Herentals", 2200, 1, 3), ("Bilzen", 3740, 1, 3), ("Tongeren", 3700, 1, 3),
    ("Diest", 3290, 1, 2), ("Aarschot", 3200, 1, 3), ("Tienen", 3300, 1, 3), ("Halle", 1500, 1, 4), ("Vilvoorde", 1800, 1, 5),
    ("Ninove", 9400, 1, 4), ("Geraardsbergen", 9500, 1, 3), ("Oudenaarde", 9700, 1, 3), ("Knokke-Heist", 8300, 1, 3),
    ("Poperinge", 8970, 1, 2), ("Diksmuide", 8600, 1, 2), ("Veurne", 8630, 1, 1), ("Maaseik", 3680, 1, 3),
    ("Heist-op-den-Berg", 2220, 1, 4), ("Brasschaat", 2930, 1, 4), ("Schoten", 2900, 1, 3), ("Beveren", 9120, 1, 5),
    ("Lommel", 3920, 1, 3), ("Pelt", 3900, 1, 3), ("Hoogstraten", 2320, 1, 2), ("Zottegem", 9620, 1, 3),
]  # fmt: skip
BELGIUM_FR = [
    ("Bruxelles", 1000, 9, 60), ("Liège", 4000, 4, 20), ("Charleroi", 6000, 5, 20), ("Namur", 5000, 4, 11), ("Mons", 7000, 4, 10),
    ("Tournai", 7500, 2, 7), ("Verviers", 4800, 1, 6), ("Seraing", 4100, 1, 6), ("La Louvière", 7100, 1, 8), ("Mouscron", 7700, 1, 6),
    ("Wavre", 1300, 1, 4), ("Nivelles", 1400, 1, 3), ("Braine-l'Alleud", 1420, 1, 4), ("Arlon", 6700, 1, 3), ("Huy", 4500, 1, 2),
    ("Dinant", 5500, 1, 1), ("Ath", 7800, 1, 3), ("Bastogne", 6600, 1, 2), ("Spa", 4900, 1, 1), ("Waterloo", 1410, 1, 3),
]  # fmt: skip
NETHERLANDS = [
    ("Amsterdam", 1011, 60, 87), ("Rotterdam", 3011, 50, 65), ("Den Haag", 2511, 40, 55), ("Utrecht", 3511, 20, 36), ("Eindhoven", 5611, 15, 24),
    ("Groningen", 9711, 12, 23), ("Tilburg", 5011, 12, 22), ("Almere", 1311, 12, 21), ("Breda", 4811, 10, 18), ("Nijmegen", 6511, 9, 18),
    ("Apeldoorn", 7311, 8, 16), ("Arnhem", 6811, 8, 16), ("Haarlem", 2011, 8, 16), ("Enschede", 7511, 8, 16), ("Zwolle", 8011, 7, 13),
    ("Maastricht", 6211, 6, 12), ("Leiden", 2311, 5, 12), ("Dordrecht", 3311, 5, 12), ("Roosendaal", 4701, 4, 8), ("Goes", 4461, 2, 4),
    ("Middelburg", 4331, 2, 5), ("Venlo", 5911, 3, 10), ("Hulst", 4561, 1, 3), ("Terneuzen", 4531, 2, 5), ("Bergen op Zoom", 4611, 3, 7),
]  # fmt: skip
FRANCE = [
    ("Paris", 75001, 20, 210), ("Lille", 59000, 1, 23), ("Roubaix", 59100, 1, 10), ("Tourcoing", 59200, 1, 10), ("Lyon", 69001, 9, 52),
    ("Marseille", 13001, 16, 87), ("Strasbourg", 67000, 1, 28), ("Reims", 51100, 1, 18), ("Metz", 57000, 1, 12), ("Dunkerque", 59140, 1, 9),
    ("Valenciennes", 59300, 1, 4), ("Nancy", 54000, 1, 10), ("Arras", 62000, 1, 4), ("Calais", 62100, 1, 7),
]  # fmt: skip
OTHER_NAMES = {"Bruxelles": "Brussel", "Gent": "Gand", "Antwerpen": "Anvers", "Liège": "Luik", "Brugge": "Bruges", "Den Haag": "'s-Gravenhage", "Mons": "Bergen", "Kortrijk": "Courtrai"}  # fmt: skip

FAMILIES_NL = (
    "Peeters Janssens Maes Jacobs Mertens Willems Claes Goossens Wouters|De Smet|Dubois Hermans|Van Damme|De Clercq Pauwels Michiels "
    "Vermeulen Hendrickx Aerts|De Backer Smets Claeys|Van den Broeck|De Vos Desmet Verhoeven|De Wilde Martens Cools Vandenberghe|De Cock "
    "Declercq Bogaerts Thijs Verstraete Segers|Van de Velde|Van Acker Coppens Lemmens Lambrecht Cornelis|De Meyer Bosmans|Van Hove "
    "Lenaerts Baert Devos|De Bruyn|Van Damme Wauters Beckers Stevens Moons Dierckx Theunis Vermeersch Nijs Leemans|De Ridder Geerts "
    "Timmermans Verbeke Raes Huybrechts Dewulf Callens Vercammen Roels Heylen Ceulemans Bollen Verlinden Naessens Vanhoutte Debruyne"
)
FAMILIES_FR = (
    "Dubois Lambert Dupont Martin Simon Laurent Leroy Lejeune Gérard Renard Denis Leclercq Mathieu Collard Bertrand Michel Thomas Noël "
    "Lefebvre Evrard Charlier François Delvaux Gilles Henry Fontaine Rousseau Poncelet Marchal Lemaire Petit Collignon Dumont Legrand "
    "Servais Toussaint Wéry Gillet Jacquemin|De Becker Hubert Lecomte Pirard Remacle Warnier Deprez Delcourt Dufour Bodart Hanquet"
)
FAMILIES_DUTCH = (
    "De Jong|Jansen|De Vries|Van den Berg|Bakker|Van Dijk|Visser|Janssen|Smit|Meijer|De Boer|Mulder|De Groot|Bos|Vos|Peters|Hendriks|"
    "Van Leeuwen|Dekker|Brouwer|De Wit|Dijkstra|Smits|De Graaf|Van der Meer|Van der Linden|Kok|Jacobs|De Haan|Vermeulen|Van den Heuvel|"
    "Van der Veen|Van den Broek|De Bruijn|Schouten|Willems|Hoekstra|Koster|Prins|Huisman|Postma|Kuipers|Verhoeven|Kramer|Jonker|Timmer"
)
TRADES_NL = words(
    "Bakkerij Garage Bouwbedrijf Schrijnwerkerij Drukkerij Hotel Apotheek Tuinen Slagerij Kapsalon Frituur Brouwerij Loodgieterij Dakwerken "
    "Elektro Schilderwerken Transport Taverne Brasserie Bloemen Optiek Drankenhandel Keukens Interieur Advocatenkantoor Boekhoudkantoor "
    "Tandartspraktijk Dierenkliniek Fietsen Rijschool Reisbureau Juwelier Meubelen Metaalwerken Chauffage Carrosserie Houthandel"
)
TRADES_FR = words(
    "Boulangerie Garage Menuiserie Imprimerie Hôtel Pharmacie Jardins Boucherie Coiffure Friterie Brasserie Plomberie Toitures Électricité "
    "Peintures Transports Taverne Fleurs Optique Boissons Cuisines Fiduciaire Cabinet Vétérinaire Cycles Auto-école Voyages Bijouterie Meubles"
)
THINGS_NL = words(
    "Kraan Zwaan Ster Molen Gouden Leeuw Haven Duinen Linde Eik Horizon Noorderlicht Zonnebloem Kroon Valk Brug Anker Toren Zilvermeeuw Beiaard "
    "Vlinder Lantaarn Sleutel Windroos Regenboog Klaver Hoeve Kade Schelde Dender Kempen Polder Heide Wijngaard Tulp Koraal Parel Kompas"
)
THINGS_FR = words(
    "Cygne Étoile Moulin Lion Port Dunes Tilleul Chêne Horizon Tournesol Couronne Faucon Pont Ancre Tour Papillon Lanterne Clef Arc-en-ciel Trèfle "
    "Ferme Quai Meuse Ardenne Vallée Bruyère Vigne Tulipe Corail Perle Boussole Fontaine Forêt Colline"
)
MODERN = words(
    "Digital Design Studio Media Consulting Solutions Systems Events Catering Logistics Fashion Fitness Software Energy Solar Clean Security "
    "Travel Cars Bikes Foods Labs Partners Projects Works Interiors Marketing Data Cloud Green Wood Steel Print Sound Light Motion"
)
SYLLABLES = words(
    "ba co da di fa fi go ka ki la li lu ma me mi mo na no pa po ra re ri ro sa se si so ta te ti to va ve vi vo xa ze zo"
)
FIRSTS = words(
    "Jan Luc Marc Peter Tom Bart Koen Wim Dirk Kris An Els Katrien Sofie Lotte Sarah Marie Pierre Jean Michel Philippe Anne Isabelle Nathalie "
    "Kees Henk Gerrit Anouk Femke Sanne Daan Joris Bram Lieve Hilde Griet Patrick Eric Alain"
)
GROUP_WORDS = [
    "Holding",
    "Invest",
    "Vastgoed",
    "Transport",
    "Logistics",
    "Group",
    "Immo",
    "Services",
    "Trading",
    "Management",
    "Beheer",
    "Participaties",
    "Bouw",
    "Rent",
    "Horeca",
    "Wonen",
]
CHAINS = [
    "Broodhuis",
    "Panos Plus",
    "Carflex",
    "Optica Nova",
    "Bloemrijk",
    "Fitmax",
    "Wasland",
    "Kidsplay",
    "Aquarena",
    "Schoentje",
    "Tegelmarkt",
    "Doekoe",
]
ADJECTIVES_NL = words(
    "Gouden Witte Oude Nieuwe Blauwe Rode Zwarte Groene Kleine Grote Vrolijke Stille Hoge Koninklijke"
)
ADJECTIVES_FR = words("Vieux Nouveau Petit Grand Beau Bon Joyeux")
DUTCH_HEADS = words(
    "Beek Berg Bos Brand Broek Brug Bruin Daal Dam Dijk Dries Eck Elst Gaal Geer Goor Groen Haver Heer Hoek Hof Hout Huys Kamp "
    "Keer Kerk Kort Kouter Laar Land Lind Loo Maas Meer Meul Mole Moor Neer Noort Oost Peel Poel Put Raat Roos Rij Schaap Schoon "
    "Smol Sneep Steen Stok Straat Tack Tol Veen Vliet Voort Vos Waal Wal Weer West Wijn Wild Winter Woud Zand Zee Zwart"
)
DUTCH_TAILS = words(
    "mans en aert ens haert ema stra ink man ing ers kens eyn inckx broeck velde hoven sen dael bergh huis meester ma els"
)
FRENCH_HEADS = words(
    "Bau Ber Bla Bou Bri Cal Can Char Che Cla Col Cor Cou Dan Dau Del Des Dor Dru Du Fa Fer Fon Fran Ga Gau Gil Gir Gou Gre Hen "
    "Jac Jo La Lam Lar Le Lou Mal Man Mar Mau Mer Mon Mou Nau Pa Per Pier Pon Que Ra Ri Ro Rou Sal Sau Ser Tho Tri Val Ver Vin"
)
FRENCH_MIDDLES = words("ri lan vil che gno lem mon not ti vi ber cel den lin quer ra sel tem bau do")
FRENCH_TAILS = words("er eau ot in ard ier on et aux ois elle ert and y ain eux")
STREETS_NL = words(
    "Kerkstraat Molenstraat Stationsstraat Dorpsstraat Nieuwstraat Schoolstraat Hoogstraat Brugsesteenweg Gentsesteenweg Markt Kapellestraat "
    "Veldstraat Lindelaan Kasteelstraat Industrielaan Havenlaan Beukenlaan Marktplein Steenweg Bosstraat Zandstraat Ambachtenlaan"
)
STREETS_FR = ["Rue de l'Église", "Rue du Moulin", "Rue de la Station", "Grand-Rue", "Avenue Louise", "Rue Neuve", "Chaussée de Wavre", "Place Communale", "Rue du Commerce", "Avenue des Tilleuls", "Boulevard Central", "Rue Haute"]  # fmt: skip
FREE = [
    "gmail.com",
    "hotmail.com",
    "telenet.be",
    "skynet.be",
    "outlook.com",
    "ziggo.nl",
    "kpnmail.nl",
    "orange.fr",
    "proximus.be",
]
FORMS = {
    "BE-NL": ["BV", "BV", "BV", "NV", "BVBA", "BVBA", "VOF", "CV", "Comm. V", "VZW", "", "", "B.V.", "N.V."],
    "BE-FR": ["SRL", "SRL", "SA", "SPRL", "SNC", "ASBL", "SCRL", "", "", "S.A.", "S.P.R.L."],
    "NL": ["B.V.", "BV", "B.V.", "VOF", "N.V.", "Stichting", "", "", "V.O.F."],
    "FR": ["SARL", "SAS", "SA", "EURL", "", "S.A.R.L."],
}
# Share of the companies whose address nobody filled in, so that its lack does not tell a copy.
_NO_ADDRESS = 0.05


@dataclass(frozen=True, slots=True)
class Record:
    company: int  # which one it stands for
    name: str
    country: str
    vat_number: str = ""
    enterprise_number: str = ""
    street: str = ""
    postcode: str = ""
    city: str = ""
    email: str = ""
    phone: str = ""
    iban: str = ""
    # What was done to it, for people who look.
    story: tuple[str, ...] = field(default=())


def _split(text: str) -> list[str]:
    """Names of several words stand between bars, the others between blanks."""
    if text.count("|") > 20:
        return text.split("|")
    found: list[str] = []
    for part in text.split("|"):
        found += (
            [part]
            if part.startswith(("De ", "Van "))
            and part.count(" ") < 3
            and not part[3:].islower()
            and len(part.split()) <= 3
            else part.split()
        )
    return found


class World:
    """Makes `records` records, of which `duplicates` per cent stand for a company that another one stands for."""

    def __init__(self, records: int, *, seed: int = 20260314, duplicates: float = 5.0) -> None:
        self.random = random.Random(seed)
        self.planted = round(records * duplicates / 100)
        self.wanted = records - self.planted
        self.records: list[Record] = []
        self.companies = 0
        self.numbers = 0
        self.taken: set[str] = set()
        self.found_later: dict[int, tuple[str, str]] = {}
        self.families = {
            key: _split(text) for key, text in (("NL", FAMILIES_NL), ("FR", FAMILIES_FR), ("H", FAMILIES_DUTCH))
        }
        while len(self.records) < self.wanted:
            self._add_some()
        del self.records[self.wanted :]
        originals = self.random.sample(self.records, self.planted)
        copies = [self._copy(original) for original in originals[: self.planted * 9 // 10]]
        # Some stand in the list three times.
        copies += [self._copy(original) for original in originals[: self.planted - len(copies)]]
        self.records += copies
        self.random.shuffle(self.records)

    def _add_some(self) -> None:
        dice = self.random.random()
        if dice < 0.80:
            self.records.append(self._company())
        elif dice < 0.86:
            self.records += self._namesakes()
        elif dice < 0.89:
            self.records += self._group()
        elif dice < 0.895:
            self.records += self._branches()
        else:
            self.records.append(self._company(fields=0.45))

    # --- One company ---

    def _company(self, name: str = "", region: str = "", fields: float = 1.0) -> Record:
        region = region or self.random.choices(["BE-NL", "BE-FR", "NL", "FR"], [42, 22, 28, 8])[0]
        self.companies += 1
        plain = name or self._name(region)
        city, postcode = self._place(region)
        full = self._with_form(plain, region)
        record = Record(
            self.companies,
            full,
            region[:2],
            street=self._street(region) if self._chance(0.9) else "",
            postcode=postcode,
            city=city,
        )
        if not name and self._chance(_NO_ADDRESS):
            record = replace(record, street="", postcode="", city="")
        vat, enterprise = self._numbers_of(region) if self._chance(0.78 * fields) else ("", "")
        return replace(
            record,
            vat_number=vat,
            enterprise_number=enterprise if vat or self._chance(0.1) else "",
            email=self._email(plain, region) if self._chance(0.6 * fields) else "",
            phone=self._phone(region) if self._chance(0.5 * fields) else "",
            iban=self._iban() if self._chance(0.12 * fields) else "",
        )

    def _name(self, region: str) -> str:
        pick, dice = self.random.choice, self.random.random()
        french = region in ("BE-FR", "FR")
        family = self._family(region)
        trade = pick(TRADES_FR if french else TRADES_NL)
        thing = pick(THINGS_FR if french else THINGS_NL)
        if self._chance(0.6):
            thing = f"{pick(ADJECTIVES_FR if french else ADJECTIVES_NL)} {thing}"
        article = pick(["Le", "La", "Au", "Les"] if french else ["De", "Het", "'t", "In de"])
        if dice < 0.22:
            return f"{trade} {family}"
        if dice < 0.30:
            return f"{family} {trade}"
        if dice < 0.42:
            return f"{pick(FIRSTS)} {family}"
        if dice < 0.55:
            return f"{trade} {article} {thing}"
        if dice < 0.60:
            return f"{article} {thing}"
        if dice < 0.72:
            return f"{self._coined()} {pick(MODERN)}"
        if dice < 0.80:
            return self._coined(3)
        if dice < 0.86:
            return f"{thing} {pick(MODERN)}"
        if dice < 0.91:
            return f"{family} {'&' if self._chance(0.6) else 'en'} {pick(['Zonen', self._family(region), 'Partners'])}"
        if dice < 0.95:
            return "".join(self.random.choices("ABCDEFGHIKLMNOPRSTVW", k=3)) + f" {pick(MODERN)}"
        return f"{self._coined()} {self._coined()} {pick(MODERN)}"

    def _family(self, region: str) -> str:
        """One of the common names, which a quarter of all people bear, or one of the thousands of rarer ones."""
        pick = self.random.choice
        if self._chance(0.25):
            names = self.families[{"NL": "H", "BE-NL": "NL"}.get(region, "FR")]
            return names[min(int(self.random.expovariate(1 / 20)), len(names) - 1)]
        if region in ("BE-FR", "FR"):
            return pick(FRENCH_HEADS) + pick(FRENCH_MIDDLES) + pick(FRENCH_TAILS)
        head = pick(["", "", "", "Van ", "Van de ", "De ", "Ver", "Van den "])
        stem = pick(DUTCH_HEADS) + pick(DUTCH_TAILS)
        return f"{head}{stem.lower() if head == 'Ver' else stem}"

    def _coined(self, syllables: int = 2) -> str:
        return "".join(self.random.choices(SYLLABLES, k=syllables)).title() + self.random.choice(
            ["", "", "x", "n", "s", "tec", "vita", "mar"]
        )

    def _place(self, region: str, other_than: str = "") -> tuple[str, str]:
        places = {"BE-NL": BELGIUM_NL, "BE-FR": BELGIUM_FR, "NL": NETHERLANDS, "FR": FRANCE}[region]
        while True:
            city, first, number, _weight = self.random.choices(places, [place[3] for place in places])[0]
            if city != other_than:
                break
        code = first + (self.random.randrange(number) if region in ("NL", "FR") else 10 * self.random.randrange(number))
        if region == "NL":
            return city, f"{code} {''.join(self.random.choices('ABCDEGHJKLMNPRSTVWXZ', k=2))}"
        return city, str(code)

    def _street(self, region: str) -> str:
        number = min(int(self.random.expovariate(1 / 45)) + 1, 420)
        if region in ("BE-FR", "FR"):
            return f"{self.random.choice(STREETS_FR)} {number}"
        bus = f" bus {self.random.randrange(1, 9)}" if self._chance(0.06) else ""
        return f"{self.random.choice(STREETS_NL)} {number}{bus}"

    def _with_form(self, name: str, region: str) -> str:
        form = self.random.choice(FORMS[region])
        if not form:
            return name
        return f"{form} {name}" if form in ("Stichting", "VZW", "ASBL") and self._chance(0.7) else f"{name} {form}"

    def _numbers_of(self, region: str) -> tuple[str, str]:
        """A VAT number with right check digits, another one each time, and the enterprise number of a Belgian one."""
        self.numbers += 1
        if region.startswith("BE"):
            body = 4_000_000 + self.numbers * 37
            number = f"{body:08d}{97 - body % 97:02d}"
            return f"BE{number}", number
        if region == "NL":
            return f"NL{self._eleven_proof()}B{self.random.choice(['01', '01', '01', '02'])}", (
                str(20_000_000 + self.numbers * 131) if self._chance(0.4) else ""
            )
        siren = self._siren()
        return f"FR{(12 + 3 * (siren % 97)) % 97:02d}{siren:09d}", ""

    def _eleven_proof(self) -> str:
        body = 1_000_000 + self.numbers * 23
        while True:
            digits = [int(c) for c in f"{body:08d}"]
            rest = sum(digit * weight for digit, weight in zip(digits, range(9, 1, -1), strict=True)) % 11
            if rest < 10:
                return f"{body:08d}{rest}"
            body += 1

    def _siren(self) -> int:
        body = 30_000_000 + self.numbers * 17
        for check in range(10):
            text = f"{body:08d}{check}"
            total = sum(sum(divmod(int(c) * (2 if i % 2 else 1), 10)) for i, c in enumerate(text))
            if total % 10 == 0:
                return int(text)
        raise AssertionError

    def _email(self, name: str, region: str) -> str:
        plain = _letters(name)
        who = self.random.choice(["info", "info", "factuur", "jan", "contact", "boekhouding"])
        if self._chance(0.42):
            # An address belongs to one; who comes later takes a number.
            domain = self.random.choice(FREE)
            return f"{self._free(f'{plain[:18] or who}@{domain}')}"
        return f"{who}@{self._free(f'@{plain[:24] or who}.{region[:2].lower()}')[1:]}"

    def _free(self, wanted: str) -> str:
        """An address or a domain that nobody has."""
        name, sign, domain = wanted.partition("@")
        n = 1
        while wanted in self.taken:
            n += 1
            wanted = f"{name}{n}{sign}{domain}" if name else f"@{domain.replace('.', f'{n}.', 1)}"
        self.taken.add(wanted)
        return wanted

    def _phone(self, region: str) -> str:
        number = self.random.randrange(10_000_000, 99_999_999)
        head = {"NL": "+31 ", "FR": "+33 "}.get(region, "+32 ")
        text = str(number)
        return f"{head}{text[0]} {text[1:4]} {text[4:6]} {text[6:]}"

    def _iban(self) -> str:
        bank, account = self.random.choice(["068", "001", "733", "979"]), f"{self.random.randrange(10_000_000):07d}"
        body = f"{bank}{account}"
        body += f"{int(body) % 97 or 97:02d}"
        return f"BE{98 - int(body + '111400') % 97:02d}{body}"

    def _chance(self, share: float) -> bool:
        return self.random.random() < share

    # --- Alike, and not the same ---

    def _namesakes(self) -> Iterator[Record]:
        """Other companies of one name: mostly elsewhere, now and then in the same town."""
        region = self.random.choices(["BE-NL", "BE-FR", "NL"], [5, 2, 3])[0]
        first = self._company(region=region)
        yield first
        name = _without_form(first.name)
        for _ in range(self.random.choice([1, 1, 2, 3])):
            other = self._company(name, region)
            while other.city == first.city:
                city, postcode = self._place(region)
                other = replace(other, city=city, postcode=postcode)
            if self._chance(0.08) and first.vat_number:
                other = replace(other, city=first.city, postcode=first.postcode)
                if not other.vat_number:
                    vat, enterprise = self._numbers_of(region)
                    other = replace(other, vat_number=vat, enterprise_number=enterprise)
            yield other

    def _group(self) -> Iterator[Record]:
        """Companies of one owner at one address: other entities with names that begin alike and one domain."""
        first = self._company(region=self.random.choice(["BE-NL", "NL", "BE-FR"]))
        yield first
        region = {"BE": "BE-NL", "NL": "NL"}[first.country]
        plain = _without_form(first.name)
        head = plain.split()[-1] if self._chance(0.5) else plain
        for word in self.random.sample(GROUP_WORDS, self.random.choice([1, 2, 3])):
            other = self._company(f"{head} {word}", region)
            yield replace(
                other, street=first.street, postcode=first.postcode, city=first.city,
                email=f"{word.lower()}@{first.email.rpartition('@')[2]}" if first.email else "",
                phone=first.phone,
            )  # fmt: skip

    def _branches(self) -> Iterator[Record]:
        """A chain: shops of one brand in several towns, of owners of their own or under one VAT number."""
        brand = f"{self.random.choice(CHAINS)} {self._coined()}" if self._chance(0.7) else self.random.choice(CHAINS)
        region = self.random.choice(["BE-NL", "NL"])
        one_owner = self._chance(0.15)
        vat, enterprise = self._numbers_of(region)
        domain = self._free(f"@{_letters(brand)}.be")[1:]
        for n in range(self.random.randrange(3, 9)):
            shop = self._company(brand, region)
            name = (
                f"{brand} {shop.city}"
                if self._chance(0.7)
                else (f"{brand} {n + 1}" if self._chance(0.3) else shop.name)
            )
            if one_owner:
                shop = replace(shop, vat_number=vat, enterprise_number=enterprise)
            yield replace(shop, name=name, email=f"{_letters(shop.city)}@{domain}" if self._chance(0.7) else shop.email)

    # --- The same, written another time ---

    def _copy(self, original: Record) -> Record:
        """Another record of the same company, as somebody else typed it, or as another program had it."""
        region = original.country
        if region == "BE":
            region = "BE-NL" if original.city in {place[0] for place in BELGIUM_NL} else "BE-FR"
        copy, story = original, []
        kinds = self.random.choices(
            ["form", "typo", "order", "signs", "short", "town", "same"], [34, 26, 9, 14, 5, 3, 12], k=2
        )
        for kind in dict.fromkeys(kinds[: self.random.choice([1, 1, 2])]):
            name = self._rewritten(copy.name, kind, region, copy.city)
            if name != copy.name:
                copy, story = replace(copy, name=name), [*story, kind]
        # Who moved is known again by something, mostly the number.
        moves = self._chance(0.12)
        if copy.vat_number and self._chance(0.15 if moves else 0.42):
            copy, story = replace(copy, vat_number="", enterprise_number=""), [*story, "no VAT number"]
        elif copy.vat_number and self._chance(0.04):
            copy, story = (
                replace(copy, vat_number=self._mistyped(copy.vat_number), enterprise_number=""),
                [*story, "VAT mistyped"],
            )
        elif not copy.vat_number and self._chance(0.3) and not original.enterprise_number:
            # The same one for every copy.
            vat, enterprise = self.found_later.setdefault(original.company, self._numbers_of(region))
            copy, story = replace(copy, vat_number=vat, enterprise_number=enterprise), [*story, "VAT number known here"]
        if moves:
            city, postcode = self._place(region) if self._chance(0.5) else (copy.city, self._place(region)[1])
            if city == copy.city:
                postcode = copy.postcode
            copy, story = replace(copy, city=city, postcode=postcode, street=self._street(region)), [*story, "moved"]
        elif self._chance(0.1):
            copy, story = replace(copy, street="", postcode="", city=""), [*story, "no address"]
        else:
            if copy.street and self._chance(0.25):
                copy = replace(copy, street=self._other_street(copy.street))
            if copy.city in OTHER_NAMES and self._chance(0.3):
                copy, story = replace(copy, city=OTHER_NAMES[copy.city]), [*story, "town in the other language"]
            elif self._chance(0.05):
                copy, story = replace(copy, city=copy.city.upper()), [*story, "town in capitals"]
            elif self._chance(0.05):
                copy, story = replace(copy, postcode=""), [*story, "no postcode"]
        if copy.email and self._chance(0.1 if moves else 0.35):
            copy = replace(copy, email="")
        elif copy.email and self._chance(0.3):
            copy = replace(copy, email=f"{self.random.choice(FIRSTS).lower()}@{copy.email.rpartition('@')[2]}")
        if copy.phone and self._chance(0.5):
            copy = replace(
                copy,
                phone="" if self._chance(0.1 if moves else 0.5) else copy.phone.replace(" ", "").replace("+", "00"),
            )
        if copy.iban and self._chance(0.5):
            copy = replace(copy, iban="")
        return replace(copy, story=tuple(story) or ("copied",))

    def _rewritten(self, name: str, kind: str, region: str, city: str) -> str:
        plain = _without_form(name)
        words = plain.split()
        if kind == "form":
            other = self.random.choice([form for form in FORMS[region] if form and form not in name])
            return self.random.choice([plain, f"{plain} {other}", f"{other} {plain}", f"{plain}, {other.lower()}"])
        if kind == "typo":
            return " ".join([*words[:-1], self._slip(words[-1])]) if self._chance(0.6) else self._slip(name)
        if kind == "order":
            return f"{' '.join(words[1:])} {words[0]}" if len(words) > 1 else name
        if kind == "signs":
            changed = name.replace(" & ", " en ") if " & " in name else name.replace("-", " ").replace("'", "")
            changed = "".join(c for c in unicodedata.normalize("NFKD", changed) if not unicodedata.combining(c))
            return changed.upper() if self._chance(0.5) or changed == name else changed
        if kind == "short":
            for long, short in (
                ("Sint", "St."),
                ("Gebroeders", "Gebr."),
                ("Zonen", "Zn."),
                ("Advocatenkantoor", "Adv.kantoor"),
            ):
                if long in name:
                    return name.replace(long, short)
            first = words[0]
            return f"{first[0]}. {' '.join(words[1:])}" if first in FIRSTS and len(words) > 1 else name[:30].strip()
        if kind == "town":
            return f"{plain} {city}" if city else name
        return name

    def _slip(self, text: str) -> str:
        if len(text) < 5:
            return text + text[-1]
        place = self.random.randrange(1, len(text) - 1)
        kind = self.random.random()
        if kind < 0.3:
            return text[:place] + text[place + 1 :]
        if kind < 0.55:
            return text[:place] + text[place] + text[place:]
        if kind < 0.8:
            return text[:place] + text[place + 1] + text[place] + text[place + 2 :]
        return text[:place] + self.random.choice("aeiourstn") + text[place + 1 :]

    def _mistyped(self, number: str) -> str:
        place = self.random.randrange(4, len(number) - 2)
        return (
            number[:place] + number[place + 1] + number[place] + number[place + 2 :]
            if number[place].isdigit()
            else number
        )

    def _other_street(self, street: str) -> str:
        if self._chance(0.3):
            return ""
        if self._chance(0.5):
            return street.replace("straat", "str.").replace("steenweg", "stwg").replace("Avenue", "Av.")
        return f"{street} bus {self.random.randrange(1, 5)}"


def _without_form(name: str) -> str:
    words = name.split()
    forms = {form for found in FORMS.values() for form in found if form and " " not in form}
    plain = [word for word in words if word not in forms]
    text = " ".join(plain).replace(" Comm. V", "")
    return text or name


def _letters(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.casefold())
    return "".join(c for c in plain if c.isascii() and c.isalnum())


def main() -> int:
    from argparse import ArgumentParser

    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=400)
    world = World(parser.parse_args().records)
    by_company: dict[int, list[Record]] = {}
    for record in world.records:
        by_company.setdefault(record.company, []).append(record)
    for group in by_company.values():
        if len(group) > 1:
            for record in group:
                print(
                    record.story,
                    "|",
                    record.name,
                    "|",
                    record.vat_number,
                    "|",
                    record.street,
                    record.postcode,
                    record.city,
                    "|",
                    record.email,
                )
            print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
