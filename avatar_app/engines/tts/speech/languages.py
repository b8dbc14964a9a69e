"""Spoken forms of numbers and symbols, by language."""

from __future__ import annotations

from dataclasses import replace

from avatar_app.engines.tts.speech.spelling import (
    Spelling,
    english_clock,
    split,
    spoken_clock,
    units_of,
)

_MONTH_FIRST = frozenset(("us", ""))
"""Countries that write the month before the day; a language without a country counts as one of
them."""


LANGUAGES: dict[str, Spelling] = {
    "en": Spelling(
        "en",
        split(
            "january february march april may june july august september october november december"
        ),
        units_of(
            percent="percent", degrees="degree|degrees", celsius="degree Celsius|degrees Celsius",
            dollar="dollar|dollars", euro="euro|euros", pound="pound|pounds", yen="yen",
            km="kilometer|kilometers", m="meter|meters", cm="centimeter|centimeters",
            mm="millimeter|millimeters", kg="kilogram|kilograms", g="gram|grams",
            l="litre|litres", ml="millilitre|millilitres", s="second|seconds",
            ms="millisecond|milliseconds", min="minute|minutes", h="hour|hours",
            speed="kilometer per hour|kilometers per hour", Hz="hertz", kHz="kilohertz",
            MB="megabyte|megabytes", GB="gigabyte|gigabytes", am="a m", pm="p m",
            fahrenheit="degree Fahrenheit|degrees Fahrenheit",
            pace="meter per second|meters per second",
            squares="square meter|square meters", cubes="cubic meter|cubic meters",
            land="square kilometer|square kilometers", mg="milligram|milligrams",
            cl="centilitre|centilitres", lb="pound|pounds", lbs="pound|pounds", oz="ounce|ounces",
            ft="foot|feet", yd="yard|yards", mi="mile|miles", mph="mile per hour|miles per hour",
            kB="kilobyte|kilobytes", KB="kilobyte|kilobytes", TB="terabyte|terabytes",
            MHz="megahertz", GHz="gigahertz", W="watt|watts", kW="kilowatt|kilowatts",
            kWh="kilowatt hour|kilowatt hours", V="volt|volts", dB="decibel|decibels",
            sec="second|seconds", hr="hour|hours", hrs="hours",
            kph="kilometer per hour|kilometers per hour",
        ),
        "minus",
        "{month} {day}, {year}",
        english_clock,
        thousands=",",
        month_first=True,
        ordinal_days=True,
        abbreviations={
            "e.g.": "for example", "i.e.": "that is", "etc.": "et cetera", "vs.": "versus",
            "mr.": "mister", "mrs.": "missus", "dr.": "doctor", "prof.": "professor",
            "approx.": "approximately", "no.": "number", "&": "and", "+": "plus", "=": "equals",
            "×": "times", "÷": "divided by", "≤": "at most", "≥": "at least", "≈": "about",
            "≠": "is not",
        },
    ),
    "de": Spelling(
        "de",
        split(
            "januar februar märz april mai juni juli august september oktober november dezember"
        ),
        units_of(
            percent="Prozent", degrees="Grad", celsius="Grad Celsius", dollar="Dollar",
            euro="Euro", pound="Pfund", yen="Yen", km="Kilometer", m="Meter", cm="Zentimeter",
            mm="Millimeter", kg="Kilogramm", g="Gramm", l="Liter", ml="Milliliter",
            s="Sekunde|Sekunden", ms="Millisekunde|Millisekunden", min="Minute|Minuten",
            h="Stunde|Stunden", speed="Kilometer pro Stunde", Hz="Hertz", MB="Megabyte",
            GB="Gigabyte", TB="Terabyte", kB="Kilobyte", fahrenheit="Grad Fahrenheit",
            pace="Meter pro Sekunde", squares="Quadratmeter", cubes="Kubikmeter",
            land="Quadratkilometer", mg="Milligramm", kHz="Kilohertz", MHz="Megahertz",
            GHz="Gigahertz", W="Watt", kW="Kilowatt", kWh="Kilowattstunde|Kilowattstunden",
            V="Volt", dB="Dezibel", Std="Stunde|Stunden",
        ),
        "minus",
        "{day}n {month} {year}",
        spoken_clock("Uhr"),
        ordinal_days=True,
        dotted_ordinals=True,
        abbreviations={
            "z.b.": "zum Beispiel", "d.h.": "das heißt", "usw.": "und so weiter",
            "bzw.": "beziehungsweise", "ca.": "circa", "dr.": "Doktor", "nr.": "Nummer",
            "&": "und", "+": "plus", "=": "gleich", "×": "mal", "÷": "geteilt durch",
        },
    ),
    "fr": Spelling(
        "fr",
        split(
            "janvier février mars avril mai juin juillet août septembre octobre novembre décembre"
        ),
        units_of(
            percent="pour cent", degrees="degré|degrés", celsius="degré Celsius|degrés Celsius",
            dollar="dollar|dollars", euro="euro|euros", pound="livre|livres", yen="yens",
            km="kilomètre|kilomètres", m="mètre|mètres", cm="centimètre|centimètres",
            kg="kilogramme|kilogrammes", g="gramme|grammes", l="litre|litres",
            s="seconde|secondes", min="minute|minutes", h="heure|heures",
            squares="mètre carré|mètres carrés",
            speed="kilomètre à l'heure|kilomètres à l'heure",
        ),
        "moins",
        "{day} {month} {year}",
        spoken_clock("heures"),
        first_day="premier",
        abbreviations={"m.": "monsieur", "mme": "madame", "etc.": "et cetera", "&": "et"},
    ),
    "es": Spelling(
        "es",
        split(
            "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre "
            "diciembre"
        ),
        units_of(
            percent="por ciento", degrees="grado|grados", celsius="grado Celsius|grados Celsius",
            dollar="dólar|dólares", euro="euro|euros", pound="libra|libras", yen="yenes",
            km="kilómetro|kilómetros", m="metro|metros", cm="centímetro|centímetros",
            kg="kilogramo|kilogramos", g="gramo|gramos", l="litro|litros",
            s="segundo|segundos", min="minuto|minutos", h="hora|horas",
            squares="metro cuadrado|metros cuadrados",
            speed="kilómetro por hora|kilómetros por hora",
        ),
        "menos",
        "{day} de {month} de {year}",
        spoken_clock("y", "en punto"),
        abbreviations={"sr.": "señor", "sra.": "señora", "dr.": "doctor", "etc.": "etcétera"},
    ),
    "it": Spelling(
        "it",
        split(
            "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre "
            "dicembre"
        ),
        units_of(
            percent="per cento", degrees="grado|gradi", celsius="grado Celsius|gradi Celsius",
            dollar="dollaro|dollari", euro="euro", pound="sterlina|sterline", yen="yen",
            km="chilometro|chilometri", m="metro|metri", cm="centimetro|centimetri",
            kg="chilogrammo|chilogrammi", g="grammo|grammi", l="litro|litri",
            s="secondo|secondi", min="minuto|minuti", h="ora|ore",
            squares="metro quadrato|metri quadrati",
            speed="chilometro all'ora|chilometri all'ora",
        ),
        "meno",
        "{day} {month} {year}",
        spoken_clock("e", "in punto"),
        abbreviations={"sig.": "signor", "dott.": "dottor", "ecc.": "eccetera"},
    ),
    "pt": Spelling(
        "pt_BR",
        split(
            "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro "
            "dezembro"
        ),
        units_of(
            percent="por cento", degrees="grau|graus", celsius="grau Celsius|graus Celsius",
            dollar="dólar|dólares", euro="euro|euros", pound="libra|libras", yen="ienes",
            km="quilômetro|quilômetros", m="metro|metros", cm="centímetro|centímetros",
            kg="quilograma|quilogramas", g="grama|gramas", l="litro|litros",
            s="segundo|segundos", min="minuto|minutos", h="hora|horas",
            squares="metro quadrado|metros quadrados",
            speed="quilômetro por hora|quilômetros por hora",
        ),
        "menos",
        "{day} de {month} de {year}",
        spoken_clock("horas e", "horas"),
        abbreviations={"sr.": "senhor", "sra.": "senhora", "dr.": "doutor", "etc.": "et cetera"},
    ),
    "nl": Spelling(
        "nl",
        split(
            "januari februari maart april mei juni juli augustus september oktober november "
            "december"
        ),
        units_of(
            percent="procent", degrees="graad|graden", celsius="graad Celsius|graden Celsius",
            dollar="dollar", euro="euro", pound="pond", yen="yen", km="kilometer", m="meter",
            cm="centimeter", mm="millimeter", kg="kilogram", g="gram", l="liter", ml="milliliter",
            s="seconde|seconden", min="minuut|minuten", h="uur", squares="vierkante meter",
            speed="kilometer per uur", MB="megabyte", GB="gigabyte",
        ),
        "min",
        "{day} {month} {year}",
        spoken_clock("uur"),
        abbreviations={
            "dhr.": "de heer", "mevr.": "mevrouw", "dr.": "dokter", "bijv.": "bijvoorbeeld",
            "d.w.z.": "dat wil zeggen", "enz.": "enzovoort", "nr.": "nummer", "ca.": "circa",
            "&": "en", "+": "plus", "=": "is gelijk aan",
        },
    ),
}  # fmt: skip
"""By the primary language subtag."""


def spelling_of(language: str) -> Spelling | None:
    """Return the spoken forms of `language`, a tag such as en-us; None if it is not supported."""
    tag, country, *_ = (*language.lower().split("-"), "")
    spelling = LANGUAGES.get(tag)
    if spelling is not None and spelling.month_first and country not in _MONTH_FIRST:
        return replace(spelling, month_first=False)
    return spelling
