"""How names spell a processor architecture.

Sources:
    "ImportImage", ECS API 2014-05-26, Architecture, read 2026-11: i386, x86_64 and
    arm64 exist, nothing else.
    "Ports", debian.org, and "Compatibility issues", Debian FAQ, read 2026-11: names of
    architectures. Other spellings were observed in tests/data/image-names.jsonl, and
    in other-image-names.jsonl beside it: qemux86-64 of Yocto, Win10_22H2_English_x32.
    Common knowledge, no page read: Yocto's qemux86 is 32-bit, qemuarm ARMv7; Kunpeng,
    Phytium, Graviton and Alibaba's Yitian 710 are arm64 processors, Hygon and Zhaoxin
    x86_64; Vagrant's boxes were named precise64, lucid32; a64fre is Microsoft's arm64.
"""

UNSUPPORTED = "unsupported"
"""The name tells an architecture that ECS does not have."""

X86 = "x86"
"""Not a value: 32-bit in the names of Windows, either width elsewhere (x32, too)."""

_VAGRANT = (
    "hardy", "lucid", "precise", "trusty", "xenial", "bionic", "focal", "jammy",
    "noble", "lenny", "squeeze", "wheezy", "jessie", "stretch", "buster", "bullseye",
    "bookworm",
)  # fmt: skip
"""Codenames before a width: precise64. After `centos` 64 would be a version."""

_WORDS = {
    "x86_64": (
        "x86 64", "x86 64 v2", "x86 64 v3", "amd 64", "amd64v3", "x64", "em64t",
        "intel64", "64 bit", "64 bits", "bit64", "win64", "linux64", "vm64", "pure64",
        "core64", "template64", "systemvmtemplate64", "jinstall64", "slackware64",
        "tinycore64", "fatdog64", "9300v64", "9500v64", "qemux86 64",
        "veos64", "ceos64", "hygon", "zhaoxin", "海光",
        "兆芯", *(f"{codename}64" for codename in _VAGRANT),
    ),
    "i386": (
        "i386", "i486", "i586", "i686", "ia32", "x86 32", "32 bit", "32 bits",
        "win32", "80386", "qemux86",
        *(f"{codename}32" for codename in _VAGRANT),
    ),
    "arm64": (
        "arm 64", "aarch 64", "arm64v8", "arm64ec", "arm64e",
        "armv8", "armv8a", "armv9", "kunpeng", "kunpeng 916", "kunpeng 920", "phytium",
        "graviton", "graviton 2", "graviton 3", "graviton 4", "鲲鹏", "飞腾",
        "qemuarm64", "genericarm64", "yitian 710", "倚天710", "倚天", "a64fre",
        "a64chk", "raspberrypi3 64", "raspberrypi4 64",
    ),
    UNSUPPORTED: (
        "aarch64be", "aarch32", "armhf", "armhfp", "armel", "armeb", "arm32",
        "arm32v5", "arm32v6", "arm32v7", "armv5", "armv5l", "armv5te", "armv6",
        "armv6l", "armv6hl", "armv6hf", "armv7", "armv7a", "armv7l", "armv7hl",
        "armv7hf", "armv7hnl", "ppc", "ppc32", "ppc64", "ppc64el", "ppc64le", "ppcle",
        "powerpc", "powerpc64", "powerpc64le", "powerpcspe", "s390", "s390x", "riscv",
        "riscv32", "riscv64", "riscv64gc", "rv32", "rv64", "rv64gc", "loong64",
        "loongarch", "loongarch64", "loongson", "loongson3", "mips", "mips32",
        "mipsel", "mips64", "mips64el", "mips64le", "mips64r6el", "sparc", "sparc64",
        "sun4u", "sun4v", "sw 64", "sunway", "ia64", "itanium", "hppa", "hppa64",
        "parisc", "m68k", "sh4", "e2k", "elbrus", "alpha64", "龙芯", "申威",
        "qemuarm", "qemuarmv5", "qemumips", "qemumips64", "qemuppc", "qemuppc64",
        "qemuriscv32", "qemuriscv64", "qemuloongarch64",
    ),
    X86: ("x86", "x32"),
}  # fmt: skip

ORDINARY = frozenset(
    {"ppc", "mips", "sparc", "elbrus", "sunway", "e2k", "sh4", "loongson", "itanium",
     "powerpc", "riscv", "win32", "kunpeng", "graviton", "龙芯", "申威"}
)  # fmt: skip
"""Words with another meaning, or names of companies: ppc is pay per click as well.
They tell an architecture beside a system or the word for an image only."""

ARCHITECTURES = tuple(
    (word, architecture) for architecture, words in _WORDS.items() for word in words
)
