"""Releases of Windows, by the names and build numbers that files carry.

Sources:
    "ImportImage", ECS API 2014-05-26, Platform, read 2026-11: the values; 2008 and 2012
    stand for their R2 too, clients and newer servers are "Other Windows".
    Package osversion of github.com/Microsoft/hcsshim, pkg.go.dev, read 2026-11: builds
    of the servers from 2016 on and their semi-annual versions.
    "DataForGeeks", releases.json, github.com/altrhombus, read 2026-11, made from
    Microsoft's release information: builds of Windows 10 and 11.
    Builds of older releases are common knowledge. Evaluation discs are named
    <build>.<revision>.<date>-<time>.<branch>_..., with SERVER or CLIENT in the rest, as
    observed in tests/data/image-names.jsonl.
"""

from image_import.filename.vocabulary.entry import OTHER_WINDOWS, System


def _server(year: str, *more: str, builds: tuple[int, ...]) -> System:
    return System(
        name=f"Windows Server {year}",
        family=f"windows-{year}",
        os_type="windows",
        platforms=(f"Windows Server {year}", OTHER_WINDOWS),
        releases=(year, *more),
        builds=builds,
        is_server=True,
    )


def _client(
    name: str,
    *releases: str,
    words: tuple[str, ...] = (),
    builds: tuple[int, ...] = (),
) -> System:
    return System(
        name=f"Windows {name}",
        family=f"windows-{name.lower()}",
        words=words,
        os_type="windows",
        platforms=(OTHER_WINDOWS,),
        releases=releases,
        builds=builds,
    )


RELEASES = (
    _server("2003", "2k3", builds=(3790,)),
    _server("2008", "2k8", builds=(6001, 6002, 6003, 7600, 7601)),
    _server("2012", "2k12", builds=(9200, 9600)),
    _server("2016", "2k16", builds=(14393,)),
    _server("2019", "2k19", builds=(17763,)),
    _server("2022", "2k22", builds=(20348,)),
    _server("2025", "2k25", builds=(26100,)),
    _client("3.1", "31", "311"),
    _client("95", "95"),
    _client("98", "98", "98se"),
    _client("Me", "me", "millennium", words=("winme",)),
    _client("NT", "nt", "nt4", words=("winnt", "nt4", "nt40", "nt351")),
    _client("2000", "2000", "2k", builds=(2195,)),
    _client("XP", "xp", "xpsp", words=("winxp", "windowsxp", "tinyxp", "winxpsp",
            "windowsxpsp", "xpsp2", "xpsp3"), builds=(2600,)),
    _client("Vista", "vista", words=("winvista", "windowsvista"), builds=(6000,)),
    _client("7", "7", "seven", words=("tiny7",), builds=(7600, 7601)),
    _client("8", "8", "81", builds=(9200, 9600)),
    _client(
        "10",
        "10",
        words=("tiny10", "ghost spectre", "atlasos", "reviios"),
        builds=(
            10240, 10586, 14393, 15063, 16299, 17134, 17763, 18362, 18363, 19041, 19042,
            19043, 19044, 19045,
        ),
    ),
    _client("11", "11", words=("tiny11",), builds=(22000, 22621, 22631, 26100, 26200)),
)  # fmt: skip

AZURE_STACK_HCI = System(
    name="Azure Stack HCI",
    family="azure-stack-hci",
    os_type="windows",
    platforms=(OTHER_WINDOWS,),
    words=("azure stack hci", "azure local os"),
)

SEMI_ANNUAL_SERVER = System(
    name="Windows Server, semi-annual channel",
    family="windows-other-server",
    os_type="windows",
    platforms=(OTHER_WINDOWS,),
)

SEMI_ANNUAL_RELEASES = (
    "1709", "1803", "1809", "1903", "1909", "2004", "20h2", "23h2", "preview",
)  # fmt: skip
"""Read only where a name says server and tells no year; 2004 is a version, too."""

ANY_WINDOWS = System(
    name="Windows, release unknown",
    family="windows-generic",
    os_type="windows",
    platforms=(),
)

SERVER_PREFIXES = frozenset(
    {"windowsserver", "windowserver", "winserver", "winsrv", "winsvr", "wincore",
     "winsrvr", "windowscore", "windowsservercore"}
)  # fmt: skip

PREFIXES = SERVER_PREFIXES | {"windows", "window", "win", "winpe"}
"""Words behind which a release may stand; they tell the system by themselves."""

NOT_ALONE = frozenset({"window"})
"""Tells nothing without a release behind it: a window manager is no Windows."""

WINDOWS_OF_HOUSES = frozenset(
    {"door", "doors", "glass", "glazing", "blinds", "curtains", "cleaning", "cleaner",
     "cleaners", "quick", "loss", "losses", "rate", "rates", "ratio"}
)  # fmt: skip
"""Beside them a window or a win is an ordinary one, unless a release stands there."""

GLUED_PREFIXES = frozenset({"w", "ws", "server", "srv", "svr"})
"""Before a year or 2k only, and glued to it: w2k8, w2016, ws2012r2, server2019."""

YEARS_WITH_R2 = frozenset({"2003", "2008", "2012"})
"""Of the servers: a bare 2022R2 is somebody else's second release."""

SHORT_YEARS = {
    "03": "2003", "08": "2008", "12": "2012", "16": "2016", "19": "2019", "22": "2022",
    "25": "2025",
}  # fmt: skip
"""Glued to SHORT_PREFIXES: WS16, Win22, WinSvr22; ws16 alone may be a workstation."""

SHORT_PREFIXES = SERVER_PREFIXES | {"win", "ws"}

SHORT_YEAR_COMPANY = (
    "1607", "1809", "core", "datacenter", "dc", "dtc", "eval", "gui", "standard", "std",
    "sysprep", "desktopexp",
)  # fmt: skip
"""What words behind a short year begin with: editions and versions of a server.

Source: Base17C-WS16-1607.vhd and WIN22CORESYSPREP.vhdx, in public scripts for
Hyper-V.
"""

SHORT_CLIENTS = frozenset({"7", "8", "10", "11"})
"""Glued to a w, where an edition, a version or a width follows: W10x64, w11pro."""

CLIENT_VERSIONS = frozenset(
    {"1507", "1511", "1607", "1703", "1709", "1803", "1809", "1903", "1909", "2004",
     "20h2", "21h1", "21h2", "22h2", "23h2", "24h2", "25h2"}
)  # fmt: skip

CLIENT_EDITIONS = frozenset(
    {"pro", "professional", "ent", "enterprise", "home", "edu", "education", "ultimate",
     "business", "starter", "premium", "consumer", "iot", "multi", "single"}
)  # fmt: skip
"""May stand between Windows and the number of a client."""

BUILD_MARKS = frozenset({"fre", "chk"})
"""Free or checked build, as in x64fre: only Windows is built so."""

CLIENT_WORDS = frozenset({"ltsc", "ltsb"})
"""With a year and without the word server: Windows 10 or 11 Enterprise."""

EDITION_WORDS = CLIENT_EDITIONS | CLIENT_WORDS | {*SHORT_YEAR_COMPANY} | {
    "server", "srv", "svr", "r", "k", "x", "h", "sp", "en", "us", "cn", "zh", "xp",
    "nt",
}  # fmt: skip
"""The words and letters that a person writes behind Windows and its release."""

SERVER_WORDS = frozenset(
    {"server", "srv", "svr", "datacenter", "dtc", "serverstandard"}
)

PRODUCTS_WITH_YEARS = frozenset(
    {"sql", "mssql", "sqlserver", "office", "visual", "studio", "vs", "exchange",
     "sharepoint", "project", "visio", "biztalk", "dynamics", "crm", "lync", "tmg",
     "skype", "matlab", "autocad", "solidworks", "hyperv", "scvmm",
     "sccm", "scom", "scsm", "scorch", "dpm", "scdpm", "center", "tfs", "ax", "nav",
     "navision", "exec", "revit", "inventor", "ansys", "sage", "quickbooks"}
)  # fmt: skip
"""A year behind these is theirs: SQL Server 2016 runs on several Windows, and
hyperv2012r2 is the host that a guest was exported from."""

DATED_WORDS = frozenset(
    {"backup", "backups", "bak", "archive", "export", "snapshot", "snap", "dump",
     "copy", "report", "since", "until", "fy", "jan", "feb", "mar", "apr", "may",
     "jun", "jul", "aug", "sep", "oct", "nov", "dec", "january", "february",
     "march", "april", "june", "july", "august", "september", "october",
     "november", "december"}
)  # fmt: skip
"""A year right behind one of them is that of a date: windows-backup-2019."""

NT_SERVERS = {"52": "2003", "60": "2008", "61": "2008", "62": "2012", "63": "2012"}
NT_CLIENTS = {"51": "xp", "60": "vista", "61": "7", "62": "8", "63": "8"}
"""Versions of Windows NT, as in windows-6.3-server: 10.0 is any server from 2016 on.

Source: "Operating System Version", Win32 documentation, Microsoft; read 2026-12."""

NT_10 = "100"

CLIENT_MARKS = CLIENT_EDITIONS | {"client", "desktop"}
"""Beside a version of NT: 6.3 alone may be a server as well."""
