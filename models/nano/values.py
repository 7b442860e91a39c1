"""Draws values of many kinds for made-up requests: how a value is said, and what the argument then is."""

import random
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"

NUMBER_WORDS = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
]
CHINESE_NUMBERS = "零一二三四五六七八九十"
MONTHS = "January February March April May June July August September October November December".split()
WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
ONSETS = "b br c ch d dr f g gr h j k kl l m n p pr qu r s sh st t tr v w z".split()
RIMES = "a al an ar e el en er i il in o ol on or u um un ai ea io ee".split()

RUDE = re.compile("shit|fuc|fuk|cun|nig|dic|dik|tit|pis|fag|nazi|rap|puss|kil|poo|cum|cun|hitl")
UNKIND = set("死杀罪病害败失坏")


@dataclass(frozen=True)
class Drawn:
    """A value as the request says it and as the argument holds it."""

    said: str
    value: Any


@cache
def lists() -> dict[str, list[str]]:
    """The word lists of data/words.txt by name."""
    found = {}
    for line in (DATA / "words.txt").read_text(encoding="utf8").splitlines():
        if line and not line.startswith("#"):
            name, _, items = line.partition(": ")
            found[name] = [item.strip() for item in items.split(",")]
    return found


@cache
def hanzi() -> str:
    """Common Chinese characters, without punctuation."""
    text = (DATA / "common_hanzi.txt").read_text(encoding="utf8")
    return "".join(
        dict.fromkeys(character for character in text if "\u4e00" <= character <= "\u9fff" and character not in UNKIND)
    )


@cache
def rare_hanzi() -> str:
    """The 3,755 characters of GB 2312's first level: many of them are no single token, and must be copied piece by piece."""
    codes = (bytes([0xB0 + index // 94, 0xA1 + index % 94]) for index in range(3755))
    return "".join(character for code in codes if (character := code.decode("gb2312")) not in UNKIND)


class Values:
    """A source of values; equal seeds give equal values."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng

    def chance(self, share: float) -> bool:
        """True in the given share of cases."""
        return self.rng.random() < share

    def word(self, name: str, chinese: bool) -> str:
        """An item of a list in the language, or of the list that has none."""
        found = lists()
        return self.rng.choice(found.get(f"{name}.{'zh' if chinese else 'en'}") or found[name])

    def pseudo(self, least: int = 1, most: int = 3) -> str:
        """A word that does not exist, so that copying is learnt rather than remembered."""
        parts = [self.rng.choice(ONSETS) + self.rng.choice(RIMES) for _ in range(self.rng.randint(least, most))]
        word = "".join(parts) + self.rng.choice(["", "", "n", "s", "x", "m"])
        return self.pseudo(least, most) if RUDE.search(word) else word

    def pseudo_chinese(self, least: int = 2, most: int = 3) -> str:
        """Random characters, common and rare ones."""
        return "".join(self.rng.choice(rare_hanzi() if self.chance(0.35) else hanzi()) for _ in range(self.rng.randint(least, most)))

    def draw(self, kind: str, chinese: bool) -> Drawn:
        """A value of a kind; kinds without a method of their own are words of a list."""
        method = getattr(self, f"draw_{kind}", None)
        if method:
            drawn = method(chinese)
            return drawn if isinstance(drawn, Drawn) else Drawn(drawn, drawn)
        text = self.string(kind, chinese)
        return Drawn(text, text)

    def string(self, kind: str, chinese: bool) -> str:
        """A plain string of a kind that has a word list."""
        names = {
            "currency": "currencies", "language": "languages", "company": "companies", "activity": "activities", "dish": "dishes",
            "identifier": "identifiers", "command": "commands", "business": "businesses", "school_subject": "subjects",
            "specialty": "specialties", "appliance": "appliances",
        }  # fmt: skip
        name = names.get(kind, f"{kind}s")
        if self.chance(0.06) and kind not in ("command", "currency", "unit"):
            return self.pseudo_chinese() if chinese else self.pseudo(2, 3)
        return self.word(name, chinese)

    def draw_place(self, chinese: bool) -> str:
        """A city or district, real or made up."""
        roll = self.rng.random()
        if not chinese:
            if roll < 0.16:
                return self.pseudo(2, 3).capitalize()
            city = self.word("cities", False)
            return f"{city}, {self.rng.choice(lists()['states.en'])}" if roll < 0.28 else city
        if roll < 0.32:
            return self.word("cities", True)
        if roll < 0.62:
            return self.word("districts", True)
        if roll < 0.92:
            return self.pseudo_chinese(2, 2) + self.rng.choice("区区区市县镇")
        return self.word("cities", False)

    def draw_date(self, chinese: bool) -> str:
        """A day, said in one of several ways."""
        rng = self.rng
        day, month, year = rng.randint(1, 28), rng.randint(1, 12), rng.randint(2021, 2029)
        if self.chance(0.3):
            return f"{year}-{month:02d}-{day:02d}"
        if chinese:
            week = rng.choice("一二三四五六日")
            return rng.choice(
                [
                    "明天",
                    "后天",
                    "今天",
                    "今晚",
                    "下周" + week,
                    "周" + week,
                    "这个周末",
                    "下个月",
                    f"{month}月{day}日",
                    f"{month}月{day}号",
                    f"{year}年{month}月{day}日",
                ]
            )
        name, week = MONTHS[month - 1], rng.choice(WEEKDAYS)
        return rng.choice(
            [
                "tomorrow",
                "today",
                "tonight",
                "this weekend",
                week,
                f"next {week}",
                f"{name} {day}",
                f"{name} {day}, {year}",
                f"{month}/{day}/{year}",
                f"the {day}th of {name}",
            ]
        )

    def draw_clock(self, chinese: bool) -> str:
        """A time of day."""
        rng, hour, minute = self.rng, self.rng.randint(1, 12), self.rng.choice([0, 15, 30, 45, rng_minute(self.rng)])
        if chinese and self.chance(0.7):
            half = rng.choice(["早上", "上午", "下午", "晚上", ""])
            spoken = f"{CHINESE_NUMBERS[hour]}点" if hour <= 10 and self.chance(0.4) else f"{hour}点"
            return half + spoken + rng.choice(["", "", "半", f"{minute}分" if minute else ""])
        return rng.choice(
            [f"{hour}:{minute:02d}", f"{rng.randint(0, 23):02d}:{minute:02d}"]
            + (
                []
                if chinese
                else [
                    f"{hour} {rng.choice(['am', 'pm'])}",
                    f"{hour}:{minute:02d} {rng.choice(['am', 'pm', 'AM', 'PM'])}",
                    "noon",
                    f"{hour} o'clock",
                ]
            )
        )

    def draw_person(self, chinese: bool) -> str:
        """A person's name."""
        if chinese:
            return self.word("names", True) if self.chance(0.8) else self.pseudo_chinese()
        given = self.word("given", False) if self.chance(0.85) else self.pseudo().capitalize()
        return f"{given} {self.word('family', False)}" if self.chance(0.4) else given

    def draw_email(self, chinese: bool) -> str:
        """An e-mail address."""
        name = self.rng.choice(
            [
                self.word("given", False).lower(),
                self.pseudo(),
                f"{self.word('given', False)}.{self.word('family', False)}".lower(),
            ]
        )
        return f"{name}{self.rng.choice(['', '', str(self.rng.randint(1, 99))])}@{self.rng.choice(lists()['domains'])}"

    def draw_phone(self, chinese: bool) -> str:
        """A telephone number."""
        digits = [str(self.rng.randint(0, 9)) for _ in range(10)]
        if chinese:
            return "13" + "".join(digits[:9])
        return (
            f"{''.join(digits[:3])}-{''.join(digits[3:6])}-{''.join(digits[6:])}"
            if self.chance(0.5)
            else "+1" + "".join(digits)
        )

    def draw_code(self, chinese: bool) -> str:
        """An order number or another reference."""
        letters = "".join(self.rng.choice("ABCDEFGHKLMNPRSTXZ") for _ in range(self.rng.randint(1, 3)))
        number = self.rng.randint(100, 999_999)
        return self.rng.choice(
            [f"{letters}{number}", f"{letters}-{number}", str(number), f"#{number}", f"{letters}_{number}"]
        )

    def draw_id_number(self, chinese: bool) -> Drawn:
        """A numeric id."""
        number = self.rng.randint(10, 99_999)
        return Drawn(str(number), number)

    def draw_path(self, chinese: bool) -> str:
        """A file path."""
        name = self.rng.choice([self.pseudo(), "report", "notes", "data", "index", "config", "readme", "photo"])
        file = f"{name}{self.rng.choice(['', '_v2', '2024', '-old'])}.{self.rng.choice('txt md csv json py pdf log png yaml'.split())}"
        folder = self.rng.choice(["", "", "/tmp/", "/home/anna/", "docs/", "./src/", "/var/log/", "C:/data/"])
        return folder + file

    def draw_url(self, chinese: bool) -> str:
        """A web address."""
        host = (
            self.rng.choice([self.pseudo(2, 3), "news", "blog"])
            + "."
            + self.rng.choice(["com", "org", "net", "cn", "io"])
        )
        return f"https://{self.rng.choice(['', 'www.'])}{host}{self.rng.choice(['', '/', '/' + self.pseudo(), f'/p/{self.rng.randint(1, 999)}'])}"

    def draw_count(self, chinese: bool) -> Drawn:
        """A whole number, small ones sometimes as a word."""
        small = self.rng.randint(2, 10)
        if self.chance(0.14):
            return Drawn(CHINESE_NUMBERS[small] if chinese else NUMBER_WORDS[small], small)
        number = self.rng.choice(
            [
                small,
                small,
                self.rng.randint(1, 100),
                self.rng.randint(1, 60),
                self.rng.choice([10, 20, 30, 50, 100, 200, 500, 1000]),
            ]
        )
        return Drawn(str(number), number)

    def draw_number(self, chinese: bool) -> Drawn:
        """A number, whole or not, rarely negative."""
        if self.chance(0.28):
            return self.draw_decimal(chinese)
        rng = self.rng
        number = rng.choice(
            [
                rng.randint(1, 20),
                rng.randint(10, 100),
                rng.randint(100, 1000),
                rng.randint(1, 100) * 50,
                rng.randint(1000, 200_000),
            ]
        )
        number = -number if self.chance(0.04) else number
        return Drawn(str(number), number)

    def draw_decimal(self, chinese: bool) -> Drawn:
        """A number with decimals, or a short whole one."""
        number = round(self.rng.choice([self.rng.uniform(0, 10), self.rng.uniform(10, 300)]), self.rng.randint(1, 2))
        number = int(number) if self.chance(0.3) or number == int(number) else number
        return Drawn(str(number), number)

    def draw_money(self, chinese: bool) -> Drawn:
        """An amount of money."""
        number = self.rng.choice([self.rng.randint(5, 99), self.rng.randint(1, 50) * 10, self.rng.randint(100, 5000)])
        said = (
            str(number)
            if chinese
            else self.rng.choice([f"${number}", f"{number} dollars", f"{number} euros", str(number)])
        )
        return Drawn(said, number)

    def draw_year(self, chinese: bool) -> Drawn:
        """A year."""
        year = self.rng.randint(1950, 2026)
        return Drawn(str(year), year)

    def draw_numbers(self, chinese: bool) -> Drawn:
        """A list of numbers."""
        make = (
            self.draw_decimal
            if self.chance(0.25)
            else (lambda _: Drawn(str(number := self.rng.randint(1, 100)), number))
        )
        drawn = [make(chinese) for _ in range(self.rng.randint(3, 6))]
        said = [one.said for one in drawn]
        return Drawn(
            f"[{', '.join(said)}]" if self.chance(0.2) else self.listed(said, chinese), [one.value for one in drawn]
        )

    def several(self, kind: str, chinese: bool) -> Drawn:
        """A list of two or three strings."""
        items = list(dict.fromkeys(self.draw(kind, chinese).said for _ in range(self.rng.randint(2, 3))))
        return Drawn(self.listed(items, chinese), items)

    def draw_people(self, chinese: bool) -> Drawn:
        """A list of persons."""
        return self.several("person", chinese)

    def draw_emails(self, chinese: bool) -> Drawn:
        """A list of e-mail addresses."""
        return self.several("email", chinese)

    def draw_words(self, chinese: bool) -> Drawn:
        """A list of words."""
        return self.several("word", chinese)

    def draw_identifiers(self, chinese: bool) -> Drawn:
        """A list of column names and the like."""
        return self.several("identifier", chinese)

    def draw_flag(self, chinese: bool) -> Drawn:
        """A switch; the request's clause decides whether it is on."""
        return Drawn("", True)

    def draw_word(self, chinese: bool) -> str:
        """One word."""
        return self.word("words", chinese)

    def draw_address(self, chinese: bool) -> str:
        """A street address."""
        number = self.rng.randint(1, 250)
        if chinese:
            return f"{self.word('streets', True)}{number}号"
        street = f"{number} {self.word('streets', False)}"
        return f"{street}, {self.word('cities', False)}" if self.chance(0.3) else street

    def listed(self, items: list[str], chinese: bool) -> str:
        """Items as a sentence lists them."""
        if len(items) == 1:
            return items[0]
        if chinese:
            if len(items) == 2:
                return self.rng.choice(["和", "、", "与", "，"]).join(items)
            return "、".join(items) if self.chance(0.5) else "、".join(items[:-1]) + "和" + items[-1]
        if self.chance(0.15):
            return ", ".join(items)
        return ", ".join(items[:-1]) + self.rng.choice([" and ", ", and "] if len(items) > 2 else [" and "]) + items[-1]


def rng_minute(rng: random.Random) -> int:
    """Any minute."""
    return rng.randint(1, 59)
