"""Words for systems in other scripts, and the Latin words that they stand for.

Common knowledge, no page read: how Korean, Japanese, Russian and Arabic spell them. The
Chinese names of distributions stand in their rows, as they are names of their own.
"""

import re

_WORDS = {
    "windows": (
        "视窗", "윈도우즈", "윈도우", "윈도", "ウィンドウズ", "ウインドウズ", "виндовс",
        "виндоус", "виндоуз", "ويندوز",
    ),
    "server": ("서버", "サーバー", "サーバ", "сервер", "خادم", "سيرفر"),
    "linux": ("리눅스", "リナックス", "линукс", "لينكس", "لينوكس"),
    "ubuntu": (
        "우분투", "ウブントゥ", "ウブンツ", "убунту", "أوبونتو", "اوبونتو", "أوبنتو",
    ),
    "debian": ("데비안", "デビアン", "дебиан", "ديبيان", "دبيان"),
    "centos": ("센토스", "セントオーエス", "центос", "سنتوس"),
    "fedora": ("페도라", "フェドラ", "フェドーラ", "федора", "فيدورا"),
    "redhat": ("레드햇", "レッドハット", "редхат", "ريدهات"),
    "rocky": ("로키", "록키", "ロッキー", "рокки", "روكي"),
    "almalinux": ("알마리눅스", "アルマリナックス", "альмалинукс"),
    "suse": ("수세", "スーゼ", "сусе"),
    "freebsd": ("프리비에스디",),
    "astra": ("астра",),
    "alt": ("альт",),
    "kali": ("칼리", "кали", "كالي"),
}  # fmt: skip

LATIN = {word: f" {latin} " for latin, words in _WORDS.items() for word in words}
"""By word in lower case. Such scripts may have no gaps, so the Latin word brings its
own: 윈도우서버2016 is read as windows server 2016."""

FOREIGN_WORD = re.compile("|".join(sorted(LATIN, key=len, reverse=True)), re.IGNORECASE)
"""The longest word first: 윈도 is the beginning of 윈도우."""
