"""What the training voices say: the phrase, what sounds like it, and clauses of this repository."""

from __future__ import annotations

import re
import zlib
from functools import cache
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
PHRASE = "hey Mira"
CALLS = ("Hey Mira.", "Hey Mira!", "Hey, Mira.", "Hey Mira?", "hey mira", "Hey, Mira!")
SHORT_CALLS = ("Hey Meera.", "Hey Meera!", "Hey, Meera.", "hey meera")
"""The phrase with a short vowel, as flite says it too: espeak-ng reads “Mira” with a long one."""
GO_ON = (
    "what time is it?", "set a timer for ten minutes.", "how are you today?", "stop.",
    "tell me a story.", "what is the weather like?", "play some music.", "are you there?",
    "remind me to call my brother.", "who wrote this book?", "I have a question.", "listen.",
    "could you help me?", "turn it off, please.", "good morning.", "what's on my list?",
)  # fmt: skip
NEAR = (
    "hey Maria", "hey Mary", "a mirror", "the mirror", "hey Myra", "hey Mia",
    "hey Mina", "hey Lyra", "hey Siri", "hey Vera", "hey Sarah", "hey Nora", "hey Nina", "hey Mike",
    "hey Mister", "hey Miriam", "hey Mimi", "hey Mila", "hey Meg", "hey Marla", "hey Myrtle",
    "hey mom", "hey man", "hey, near her", "hey, we're here", "hey, me too", "hey, I mean it",
    "hey dear", "hey there", "hey you", "hey", "hey hey", "Mira", "Mira said so",
    "I saw Mira yesterday", "this is Mira", "miracle", "a miracle", "it's a miracle", "mere",
    "a mere accident", "he merely asked", "they merely asked", "admire her", "I admire a man",
    "an admirer", "empire", "emirate", "Samara", "a meerkat", "Miranda", "hey Miranda", "camera",
    "hey camera", "they near a village", "pay me right", 
    "hey Lisa", "hey Mona", "hey Emma", "hey Amy", "hey Kira",
    "hey Keira", "hey Tara", "hey Dora", "hey Moira", "hey Mirko", "hey Mario", 
    "bye Mira", "no Mira", "for Mira", "with Mira", "hey Jarvis", "hey Mycroft", "hey computer",
    "the era", "he's near a door", "hey, mind her", "hey, meet her", "hey, mere luck", "haymaker",
    "hey Mirabel", "in the mirror", "rear-view mirror", "hemisphere", "hey, hear her",
    "clear a path",
)  # fmt: skip
"""Negatives that share sounds with the phrase; none that some accents pronounce like it (“hey
mirror”), nor those that differ in a consonant that noise covers (“okay Mira”)."""
NEAR_ABROAD = {
    "de": (
        "hey Maria", "hey Mia", "hey Mina", "hey Miriam", "hey Mario", "hey Moritz", "bei mir",
        "sei mir gut", "gib mir das", "hey, mir ist kalt", "ein Mieter", "die Miete", "Amira",
        "Samira", "hey Nina", "hey Lara", "hey Vera", "heimlich", "mit mir allein", "hey Leute",
        "Elmira kommt", "wir waren dabei", "keine Ahnung", "hey du", "der Admiral", "Mirabellen",
    ),
    "es": (
        "oye María", "mi mamá", "mirar", "el mirador", "la miro", "admirar", "que mire usted",
        "hay mil razones", "hay que ir", "mi tierra", "mentira", "la ira", "respira", "se retira",
        "hay gente", "hey Marta", "hey Miguel", "muy rara", "seis mil euros", "hay miel", "el rey",
    ),
    "fr": (
        "et Marie", "et mille autres", "le miroir", "un miracle", "il admira", "mirage", "ira",
        "hé Marine", "hé Mireille", "les miettes", "et moi", "mes rats", "et mes amis", "je dirai",
        "il dira", "elle rira", "émirat", "et puis voilà", "samedi matin", "mirabelle", "l'empire",
    ),
}  # fmt: skip
"""The same in other languages of the window."""
_FILES = ("LICENSE", "README.md", "DECISIONS.md", "CHANGELOG.md")


@cache
def clauses(part: str) -> list[str]:
    """Clauses of 3 to 16 words; `part`: those for "train", or the others for "test"."""
    paths = [ROOT / name for name in _FILES] + sorted((ROOT / "docs").rglob("*.md"))
    text = " ".join(path.read_text(encoding="utf-8") for path in paths)
    pieces = re.split(r"[.,;:()\[\]|`*#\"“”]+|\s{2,}", text.replace("\n", " "))
    tidy = (" ".join(re.sub(r"[^A-Za-z' ]+", " ", piece).split()) for piece in pieces)
    wanted = part == "test"
    return sorted(
        {
            clause
            for clause in tidy
            if 3 <= len(clause.split()) <= 16
            and (zlib.crc32(clause.encode()) % 4 == 0) is wanted
            and "hey mira" not in clause.lower()
        }
    )


def call(rng: np.random.Generator) -> str:
    """The phrase, in four of ten with a question behind it."""
    said = str(rng.choice(CALLS))
    if rng.random() < 0.4:
        separator = str(rng.choice([", ", ". ", " "]))
        return said.rstrip(".!?") + separator + str(rng.choice(GO_ON))
    return said


def other(rng: np.random.Generator, part: str) -> str:
    """Anything else: clauses, or what sounds like the phrase."""
    if rng.random() < (0.45 if part == "train" else 0.1):
        near = str(rng.choice(NEAR))
        ending = str(rng.choice(GO_ON)) if rng.random() < 0.3 else ""
        return f"{near}, {ending}" if ending else near + "."
    chosen = rng.choice(clauses(part), size=int(rng.integers(1, 4)))
    return ", ".join(map(str, chosen)) + "."
