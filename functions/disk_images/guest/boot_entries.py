"""What the boot loaders of a disk start by default: the entry, its kernel, its root.

Sources, read 2026-12:
    GNU GRUB Manual 2.12, "menuentry", "submenu", "default", "The GRUB environment
    block"; GRUB Legacy 0.97, menu.lst: default and title.
    "The Boot Loader Specification" (UAPI.1) and "Unified Kernel Image" (UAPI.5),
    uapi-group.org; systemd-boot(7) and loader.conf(5): the default entry.
    Syslinux, doc/extlinux.txt and "Config": DEFAULT, LABEL, APPEND.
    Microsoft, "PE Format": section headers, by which programs for UEFI differ.
"""

import re
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from disk_images.blocks.source import CannotTellError
from disk_images.filesystems.paths import by_numbers
from disk_images.guest.executables import PROGRAM_BYTES
from disk_images.guest.root_device import root_of_command_line
from disk_images.guest.volume_files import Seen

GRUB_FILES = ("/boot/grub/grub.cfg", "/boot/grub2/grub.cfg")
LEGACY_FILES = ("/boot/grub/menu.lst", "/boot/grub/grub.conf")
SYSLINUX_FILES = (
    "/boot/extlinux/extlinux.conf",
    "/boot/extlinux.conf",
    "/boot/syslinux/extlinux.conf",
    "/boot/syslinux/syslinux.cfg",
    "/extlinux.conf",
    "/syslinux.cfg",
)
LOADERS = (*GRUB_FILES, *LEGACY_FILES, *SYSLINUX_FILES)
GRUB_ENVIRONMENTS = ("/boot/grub/grubenv", "/boot/grub2/grubenv")
ENTRIES = "/loader/entries"
UKIS = "/EFI/Linux"
SYSTEMD_WANTED = (
    "/loader/loader.conf",
    f"{ENTRIES}/*",
    f"{UKIS}/*",
    "/EFI/BOOT/*",
    "/EFI/*/grub.cfg",
)
"""Of an EFI system partition, and of an extended boot partition."""

MOST_ENTRIES = 16
_SECTION_BYTES = 64 * 1024

_BLOCK = re.compile(
    r"(?P<kind>menuentry|submenu)\s+(?:'(?P<a>[^']*)'|\"(?P<b>[^\"]*)\"|(?P<c>\S+))"
)
_ID = re.compile(r"(?:--id[= ]|\$menuentry_id_option\s+)\s*['\"]?([^\s'\"{]+)")
_DEFAULT = re.compile(r"set\s+default=(?:\"([^\"]*)\"|'([^']*)'|(\S*))")
_LINUX = re.compile(r"(?:linux|linux16|linuxefi|kernel|module2?|multiboot2?)\s+(.+)")
_INITRD = re.compile(r"initrd(?:16|efi)?\s+(\S+)")
_KERNEL_LINE = re.compile(r"(?m)^\s*linux(?:16|efi)?\s+\S")
_SEARCHED = re.compile(r"search(?:\.fs_uuid|\s[^\n]*--fs-uuid)[^\n]*")
_UUID = re.compile(r"[0-9A-Fa-f]{4,}(?:-[0-9A-Fa-f]{4,})+|[0-9A-Fa-f]{16}")


@dataclass(frozen=True, kw_only=True, slots=True)
class BootEntry:
    """What one boot loader starts if nobody chooses.

    Attributes:
        seen: The volume that has its configuration, and mostly its kernel.
        path: The file that says it.
        command_line: Of the kernel.
        kernel: Its path on the volume, or "".
        initrd: The path of its initramfs there, or "".
        version: The kernel's, where the entry says it.
        release: os-release(5) of a unified kernel image, or "".
        is_uki: Whether kernel, initramfs and command line are one file.
        chains: What it starts instead of a kernel: a loader of another system.
    """

    seen: Seen
    path: str
    command_line: str = ""
    kernel: str = ""
    initrd: str = ""
    version: str = ""
    release: str = ""
    is_uki: bool = False
    chains: str = ""

    @property
    def root(self) -> str:
        """How the kernel looks for its root, or ""."""
        return root_of_command_line(self.command_line) or ""

    @property
    def where(self) -> str:
        """What says so, for people."""
        return self.seen.where(self.path)

    def option(self, name: str) -> str:
        """Return the value of an option of the command line, or ""."""
        found = re.search(rf"(?:^|\s){name}=(\S+)", self.command_line)
        return found[1].strip('"') if found else ""


def default_entry(boot: Seen) -> BootEntry | None:
    """Return what the loader in a /boot starts; None if no loader is known there.

    Args:
        boot: A file system whose paths begin with /boot.
    """
    environment = _environment(boot)
    for path in GRUB_FILES:
        text = boot.text(path)
        if not text:
            continue
        if "blscfg" in text and (entry := _bls_default(boot, environment)):
            return entry
        return _of_grub(boot, path, text, environment)
    if entry := _bls_default(boot, environment):
        return entry
    for path in LEGACY_FILES:
        if text := boot.text(path):
            return _of_legacy(boot, path, text)
    for path in SYSLINUX_FILES:
        if text := boot.text(path):
            return _of_syslinux(boot, path, text)
    return None


def _environment(boot: Seen) -> dict[str, str]:
    for path in GRUB_ENVIRONMENTS:
        if text := boot.text(path, limit=4096):
            lines = (line.split("#")[0] for line in text.splitlines())
            pairs = (line.partition("=") for line in lines if "=" in line)
            return {name: value for name, _, value in pairs}
    return {}


# grub.cfg


@dataclass(slots=True)
class _Menu:
    """An entry or a submenu, and what is in it."""

    title: str = ""
    id: str = ""
    is_submenu: bool = False
    inside: list["_Menu"] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)


def _of_grub(
    boot: Seen, path: str, text: str, environment: dict[str, str]
) -> BootEntry:
    menu = _menu_of(text)
    chosen = _chosen(menu, text, environment)
    if chosen is None:
        return _entry_of(boot, path, text.splitlines(), environment)
    return _entry_of(boot, path, chosen.lines, environment)


def _menu_of(text: str) -> _Menu:
    """Return all entries of a grub.cfg as a tree."""
    top = _Menu(is_submenu=True)
    stack: list[_Menu | None] = [top]
    for raw in text.splitlines():
        line = raw.strip()
        if line.startswith("#"):
            continue
        found = _BLOCK.match(line)
        parent = next(item for item in reversed(stack) if item is not None)
        if found:
            title = found["a"] or found["b"] or found["c"] or ""
            named = _ID.search(line)
            is_submenu = found["kind"] == "submenu"
            entry = _Menu(title, named[1] if named else "", is_submenu)
            parent.inside.append(entry)
            stack.append(entry)
        elif line.endswith("{"):
            stack.append(None)
        elif line == "}" and len(stack) > 1:
            stack.pop()
        elif not parent.is_submenu:
            parent.lines.append(line)
        if found and line.endswith("}"):
            stack.pop()
    return top


def _chosen(top: _Menu, text: str, environment: dict[str, str]) -> _Menu | None:
    """Return the entry that is started by default."""
    said = [a or b or c for a, b, c in _DEFAULT.findall(text)]
    values = [_expanded(value, environment) for value in said]
    wanted = next((value for value in reversed(values) if value), "0")
    if environment.get("next_entry") and any("next_entry" in v for v in said):
        wanted = environment["next_entry"]
    found = top
    for part in wanted.split(">"):
        here = found.inside
        by_name = next((e for e in here if part and part in {e.id, e.title}), None)
        number = int(part) if part.isdecimal() and len(part) < 4 else -1
        by_number = here[number] if 0 <= number < len(here) else None
        step = by_name or by_number
        if step is None:
            break
        found = step
    while found.is_submenu:
        if not found.inside:
            return None
        found = found.inside[0]
    return found


def _expanded(value: str, environment: dict[str, str]) -> str:
    """Return a value with variables of the environment block; "" if one is unset."""
    missing = False

    def known(match: re.Match[str]) -> str:
        nonlocal missing
        text = environment.get(match[1] or match[2], "")
        missing = missing or not text
        return text

    text = re.sub(r"\$(?:\{(\w+)\}|(\w+))", known, value)
    return "" if missing else text


def _entry_of(
    boot: Seen, path: str, lines: Sequence[str], environment: dict[str, str]
) -> BootEntry:
    """Return what the lines of an entry start."""
    kernel = command_line = initrd = chains = ""
    for raw in lines:
        line = raw.strip()
        if not command_line and (found := _LINUX.match(line)):
            words = found[1].split(None, 1)
            kernel, command_line = words[0], (words[1:] or [""])[0]
        elif not initrd and (found := _INITRD.match(line)):
            initrd = found[1]
        elif line.startswith("chainloader"):
            chains = line.partition(" ")[2].strip()
    if "$" in command_line:
        command_line = _with_variables(command_line, environment)
    return BootEntry(
        seen=boot,
        path=path,
        command_line=command_line,
        kernel=kernel,
        initrd=initrd,
        chains="" if kernel else chains,
    )


def _with_variables(command_line: str, environment: dict[str, str]) -> str:
    def known(match: re.Match[str]) -> str:
        return environment.get(match[1] or match[2], match[0])

    return re.sub(r"\$(?:\{(\w+)\}|(\w+))", known, command_line)


def _of_legacy(boot: Seen, path: str, text: str) -> BootEntry:
    """Return what GRUB Legacy starts."""
    head, *blocks = re.split(r"(?m)^\s*title\b", text)
    found = re.search(r"(?m)^\s*default[\s=]+(\d{1,3})", head)
    number = int(found[1]) if found else 0
    chosen = blocks[number] if number < len(blocks) else (blocks or [text])[0]
    return _entry_of(boot, path, chosen.splitlines(), {})


def _of_syslinux(boot: Seen, path: str, text: str) -> BootEntry:
    """Return what extlinux or syslinux starts."""
    default, label, first = "", "", ""
    found: dict[str, dict[str, str]] = {}
    for raw in text.splitlines():
        word, _, rest = raw.strip().partition(" ")
        word, rest = word.lower(), rest.strip()
        if word in {"default", "ontimeout"}:
            default = rest.split(" ")[0] if word == "default" else default or rest
        elif word == "label":
            label = rest
            first = first or label
            found[label] = {}
        elif word == "menu" and rest.lower() == "default" and label:
            default = default or label
        elif word in {"kernel", "linux", "append", "initrd"}:
            found.setdefault(label, {})["linux" if word == "kernel" else word] = rest
    chosen = found.get(default) or found.get(first) or next(iter(found.values()), {})
    append = chosen.get("append", "")
    in_append = re.search(r"(?:^|\s)initrd=(\S+)", append)
    return BootEntry(
        seen=boot,
        path=path,
        command_line=append,
        kernel=chosen.get("linux", ""),
        initrd=chosen.get("initrd", "") or (in_append[1] if in_append else ""),
    )


# Entries of the Boot Loader Specification


def _bls_default(boot: Seen, environment: dict[str, str]) -> BootEntry | None:
    """Return the entry that GRUB's blscfg starts: the saved one, else the newest."""
    folder = f"/boot{ENTRIES}"
    names = [n for n in boot.names(folder) or [] if n.endswith(".conf")]
    newest = sorted(names, key=by_numbers, reverse=True)[:MOST_ENTRIES]
    plain = [n for n in newest if "rescue" not in n] or newest
    saved = environment.get("saved_entry", "")
    wanted = f"{saved.removesuffix('.conf')}.conf"
    for name in [wanted] * (wanted in names) + plain:
        if text := boot.text(f"{folder}/{name}"):
            return _of_bls(boot, f"{folder}/{name}", text, environment)
    return None


def _of_bls(seen: Seen, path: str, text: str, environment: dict[str, str]) -> BootEntry:
    """Return a Type #1 entry; its options may stand on several lines."""
    told: dict[str, list[str]] = {}
    for line in text.splitlines():
        key, _, value = line.strip().partition(" ")
        if value and not key.startswith("#"):
            told.setdefault(key.rstrip("\t"), []).append(value.strip())
    options = " ".join(told.get("options", []))
    return BootEntry(
        seen=seen,
        path=path,
        command_line=_with_variables(options, environment),
        kernel=(told.get("linux") or told.get("efi") or [""])[0],
        initrd=(told.get("initrd") or [""])[-1],
        version=(told.get("version") or [""])[0],
    )


def systemd_entry(esp: Seen, extended: Sequence[Seen] = ()) -> BootEntry | None:
    """Return what systemd-boot starts by default, or a unified kernel image.

    Args:
        esp: The EFI system partition.
        extended: Extended boot partitions, whose entries count as well.
    """
    if (removable := removable_loader(esp)) and removable[1] == "uki":
        return _of_uki(esp, removable[0])
    found: dict[str, tuple[Seen, str]] = {}
    for seen in (esp, *extended):
        for folder, ending in ((ENTRIES, ".conf"), (UKIS, ".efi")):
            for name in seen.names(folder) or []:
                if name.lower().endswith(ending):
                    found.setdefault(name, (seen, f"{folder}/{name}"))
    for name in _in_order(esp, list(found)):
        seen, path = found[name]
        if path.startswith(UKIS):
            if entry := _of_uki(seen, path):
                return entry
        elif text := seen.text(path):
            return _of_bls(seen, path, text, {})
    return None


def _in_order(esp: Seen, names: Sequence[str]) -> list[str]:
    """Return the names of entries, the default first, then the newest."""
    newest = sorted(names, key=by_numbers, reverse=True)
    newest.sort(key=lambda name: "rescue" in name)
    text = esp.text("/loader/loader.conf") or ""
    found = re.search(r"(?m)^\s*default\s+(\S+)", text)
    if not found:
        return newest
    pattern = found[1].lower()
    chosen = [
        name
        for name in newest
        if fnmatchcase(name.lower(), pattern)
        or fnmatchcase(name.lower().rpartition(".")[0], pattern)
    ]
    return [*chosen, *(name for name in newest if name not in chosen)]


# Programs for UEFI


def removable_loader(esp: Seen) -> tuple[str, str] | None:
    """Return the path of what a new machine's firmware starts, and its kind.

    The kind is `uki`, `systemd-boot`, `grub`, `shim`, `windows` or "" if unknown.
    """
    for folder in esp.names("/EFI") or []:
        if folder.lower() != "boot":
            continue
        names = esp.names(f"/EFI/{folder}") or []
        for name in ("bootx64.efi", "bootaa64.efi", "bootia32.efi"):
            found = next((n for n in names if n.lower() == name), None)
            if found:
                path = f"/EFI/{folder}/{found}"
                return path, _kind_of(esp, path)
    return None


def _kind_of(esp: Seen, path: str) -> str:
    head = esp.read(path, limit=PROGRAM_BYTES) or b""
    names = {name for name, _, _ in _sections(head)}
    if ".linux" in names:
        return "uki"
    if ".sdmagic" in names:
        return "systemd-boot"
    if "mods" in names:
        return "grub"
    if ".vendor_cert" in names:
        return "shim"
    windows = f"{WINDOWS_FOLDER}/bootmgfw.efi"
    return "windows" if head and head == esp.read(windows, limit=PROGRAM_BYTES) else ""


WINDOWS_FOLDER = "/EFI/Microsoft/Boot"


# PE:  60-63 offset of the signature; from there: 6-7 number of sections, 20-21 size of
#      the optional header, which ends where the section headers begin; of each: 0-7
#      name, 8-11 size in memory, 16-19 size in the file, 20-23 offset in the file
def _sections(head: bytes) -> Iterator[tuple[str, int, int]]:
    """Yield name, offset and number of bytes of each section."""
    if len(head) < 64 or not head.startswith(b"MZ"):
        return
    (at,) = struct.unpack_from("<I", head, 60)
    if at > len(head) - 24 or head[at : at + 4] != b"PE\0\0":
        return
    (count,) = struct.unpack_from("<H", head, at + 6)
    (optional,) = struct.unpack_from("<H", head, at + 20)
    first = at + 24 + optional
    for place in range(first, min(first + 40 * count, len(head) - 39), 40):
        name = head[place : place + 8].rstrip(b"\0").decode("ascii", "replace")
        size, _, raw_size, offset = struct.unpack_from("<IIII", head, place + 8)
        yield name, offset, min(size, raw_size) or raw_size


def _of_uki(seen: Seen, path: str) -> BootEntry | None:
    """Return what a unified kernel image starts; None if it is none."""
    head = seen.read(path, limit=PROGRAM_BYTES) or b""
    sections = {name: (offset, size) for name, offset, size in _sections(head)}
    if ".linux" not in sections and ".cmdline" not in sections:
        return None
    texts = {".cmdline": "", ".osrel": "", ".uname": ""}
    try:
        file = seen.file_system.open_file(seen.inside(path))
        wanted = [sections[name] for name in texts if name in sections]
        file.want([(at, min(size, _SECTION_BYTES)) for at, size in wanted])
        for name in texts:
            if name in sections:
                at, size = sections[name]
                data = file.read(at, min(size, _SECTION_BYTES))
                texts[name] = data.split(b"\0")[0].decode("utf-8", "replace").strip()
    except CannotTellError:
        return None
    return BootEntry(
        seen=seen,
        path=path,
        command_line=texts[".cmdline"],
        kernel=path,
        version=texts[".uname"],
        release=texts[".osrel"],
        is_uki=True,
    )


def grub_entry_of(esp: Seen) -> BootEntry | None:
    """Return what a whole menu of GRUB on an EFI system partition starts."""
    for path, text in _grub_files_of(esp):
        if _KERNEL_LINE.search(text):
            return _of_grub(esp, path, text, {})
    return None


def _grub_files_of(esp: Seen) -> Iterator[tuple[str, str]]:
    """Yield the grub.cfg in each folder of /EFI, that of EFI/BOOT first."""
    folders = sorted(esp.names("/EFI") or [], key=lambda name: name.lower() != "boot")
    for folder in folders:
        path = f"/EFI/{folder}/grub.cfg"
        if text := esp.text(path):
            yield path, text


def searched_volumes(esp: Seen) -> list[str]:
    """Return the UUIDs that GRUB's own stub on an EFI system partition searches for.

    A distribution's stub holds no entries; it names the volume whose grub.cfg counts.
    """
    found: list[str] = []
    for _, text in _grub_files_of(esp):
        for line in _SEARCHED.findall(text):
            found += _UUID.findall(line)[:1]
    return [uuid.casefold() for uuid in dict.fromkeys(found)]


def is_grubs_record(sector: bytes) -> bool:
    """Whether a boot record holds GRUB's code: it names itself in its messages.

    Source: GNU GRUB, grub-core/boot/i386/pc/boot.S, notification_string.
    """
    return b"GRUB " in sector[:440]
