"""Rules: from all that was seen to what ImportImage is asked for, each with its source.

For format and size the image's bytes decide. For everything else a sidecar comes
first, then the object's metadata, then what the image's own files tell (where they
are looked at), then the object key; and what is unknown is left out, so that the
service detects it.
"""

from dataclasses import dataclass

from image_import.config.settings import Settings
from image_import.errors import ConflictError, PlanError
from image_import.model.disk import ImportPlan
from image_import.model.image_fields import FEATURES, FIELDS
from image_import.model.limits import MOST_TAGS
from image_import.model.ownership import foreign_mark, with_mark
from image_import.model.targets import Target
from image_import.planning.consistency import SAY_RIGHT, contradicted_by_contents, os_of
from image_import.planning.disks import plan_disk
from image_import.planning.evidence import (
    CONTENTS,
    HEADER,
    KEY,
    METADATA,
    SETTINGS,
    SIDECAR,
    Choice,
    Evidence,
    choose,
)
from image_import.planning.image_name import image_name

NVME_VALUES = FEATURES["NvmeSupport"]
_CHOSEN_APART = {"ImageName", "Platform", "OSType", "Architecture", "RegionId"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What would be sent, and why.

    Attributes:
        sources: By parameter name as on the wire.
        notes: What was seen and overruled or could not be used.
    """

    request: ImportPlan
    sources: dict[str, Choice]
    notes: tuple[str, ...] = ()

    @property
    def image_name(self) -> str:
        """The name of the image that would be made."""
        return self.request.image_name


def make_plan(evidence: Evidence, settings: Settings, target: Target) -> Plan:
    """Return the request for one image.

    Raises:
        HeaderError: A disk's bytes cannot be imported; the message has the fix.
        ConflictError: A sidecar or metadata contradicts the bytes, or itself.
        PlanError: `target` would not accept the result.
    """
    _check_region(evidence)
    numbers = range(1, len(evidence.disks) + 1)
    disks = [plan_disk(evidence, number, target) for number in numbers]
    chosen = _choose_fields(evidence, settings, target)
    conflicts = contradicted_by_contents(chosen)
    if conflicts and settings.inspect_conflict == "refuse":
        raise ConflictError(f"{'; '.join(conflicts)}; {SAY_RIGHT}")
    named = _choose_name(evidence, settings, target, chosen)
    chosen.update(named)
    request = ImportPlan(
        region_id=evidence.region_id,
        mappings=tuple(disk.mapping for disk in disks),
        **{attribute: choice.value for attribute, choice in chosen.items()},
    )
    sources = {
        name: chosen[row.attribute]
        for name, row in FIELDS.items()
        if row.attribute in chosen
    }
    for disk in disks:
        sources.update(disk.sources)
    return Plan(
        request=request,
        sources=sources,
        notes=(
            *(note for disk in disks for note in disk.notes),
            *conflicts,
            *_license_notes(request, target),
            *(evidence.contents.notes if evidence.contents else ()),
        ),
    )


def _check_region(evidence: Evidence) -> None:
    """Refuse another region than the bucket's: ECS imports from its own only."""
    told = choose(evidence.declared("region_id"))
    if told and told.value != evidence.region_id:
        raise ConflictError(
            f"{told.source} says RegionId {told.value}, but the bucket "
            f"{evidence.revision.bucket} is in {evidence.region_id}; upload to a "
            f"bucket in {told.value}, or leave RegionId out"
        )


def _choose_fields(
    evidence: Evidence, settings: Settings, target: Target
) -> dict[str, Choice]:
    """Return what is chosen for each field but the image's name."""
    chosen: dict[str, Choice] = {}
    for row in FIELDS.values():
        if row.name not in _CHOSEN_APART:
            by_setting = getattr(settings, row.setting) if row.setting else None
            said = [*evidence.declared(row.attribute), (SETTINGS, by_setting or None)]
            if choice := choose(said):
                chosen[row.attribute] = choice
    chosen.update(_system(evidence, target))
    _leave_windows_unchecked(chosen)
    _licence_windows(chosen, settings)
    _choose_boot_mode(chosen, evidence, target)
    _choose_nvme(chosen, evidence, settings, target)
    _choose_tags(chosen, evidence, settings, target)
    return chosen


def _system(evidence: Evidence, target: Target) -> dict[str, Choice]:
    """Choose platform, OS type and architecture so that they fit each other."""
    clues = evidence.clues
    by_key = clues.platform(target)
    platform = choose(_candidates(evidence, "platform", by_key))
    os_type = choose(_candidates(evidence, "os_type", clues.os_type))
    if platform and os_type and os_of(platform.value) != os_type.value:
        platform, os_type = _agree(platform, os_type)
    if platform and not os_type:
        implied = os_of(platform.value)
        os_type = Choice(value=implied, source=f"{platform.source} (Platform)")
    if os_type and os_type.value == "windows" and not platform:
        raise PlanError(_windows_without_platform(evidence, os_type, target))
    architecture = _architecture(evidence, target)
    found = {"platform": platform, "os_type": os_type, "architecture": architecture}
    return {attribute: choice for attribute, choice in found.items() if choice}


def _windows_without_platform(
    evidence: Evidence, os_type: Choice, target: Target
) -> str:
    """Return why a Windows without a Platform is refused, and what to do."""
    system = evidence.clues.system
    is_named = os_type.source == KEY and system is not None and bool(system.platforms)
    name = system.name if system and is_named else "Windows"
    why = (
        f"which is not in the list of {target.name}; if your cloud takes it, add it to "
        "EXTRA_PLATFORMS, or"
        if is_named
        else f"but no Platform of {target.name} could be inferred, and without one it "
        "is taken for Linux;"
    )
    windows = ", ".join(p for p in target.platforms if "Windows" in p)
    return (
        f"{evidence.revision.object_key} is {name} ({os_type.source}), {why} put one "
        f"of {windows} as Platform into a sidecar"
    )


def _candidates(
    evidence: Evidence, attribute: str, by_key: str | None
) -> list[tuple[str, str | None]]:
    """Return all that tells an attribute, in the order of precedence."""
    inside = evidence.seen_inside(attribute)
    return [*evidence.declared(attribute), inside, (KEY, by_key)]


def _agree(platform: Choice, os_type: Choice) -> tuple[Choice | None, Choice | None]:
    """Drop the one of two contradicting values that comes from the lesser source."""
    order = (SIDECAR, METADATA, CONTENTS, KEY)
    if order.index(platform.source) <= order.index(os_type.source):
        overrode = {os_type.source: os_type.value}
        implied = os_of(platform.value)
        source = f"{platform.source} (Platform)"
        return platform, Choice(value=implied, source=source, overrode=overrode)
    overrode = {**os_type.overrode, platform.source: platform.value}
    return None, Choice(value=os_type.value, source=os_type.source, overrode=overrode)


def _architecture(evidence: Evidence, target: Target) -> Choice | None:
    by_key = evidence.clues.architecture
    choice = choose(_candidates(evidence, "architecture", by_key))
    if choice and choice.value not in target.architectures:
        raise PlanError(
            f"{evidence.revision.object_key} is for {_processor(choice.value)} "
            f"({choice.source}); {target.name} imports "
            f"{', '.join(target.architectures)}; if that is wrong, say Architecture in "
            "a sidecar"
        )
    return choice


def _processor(architecture: str) -> str:
    known = {"unsupported": "a processor that ECS does not have"}
    return known.get(architecture, architecture)


def _leave_windows_unchecked(chosen: dict[str, Choice]) -> None:
    """Take back the operator's wish for a check, which ECS refuses for a Windows.

    Source: "ImportImage", error code ImageCheckUnsupported.WindowsImage, read 2026-11.
    """
    strategy, os_type = chosen.get("detection_strategy"), chosen.get("os_type")
    is_windows = os_type is not None and os_type.value == "windows"
    if is_windows and strategy and strategy.source == SETTINGS:
        del chosen["detection_strategy"]


def _licence_windows(chosen: dict[str, Choice], settings: Settings) -> None:
    """Add the operator's licence type to a Windows image that has none."""
    os_type = chosen.get("os_type")
    if settings.windows_license_type and os_type and os_type.value == "windows":
        licence = Choice(value=settings.windows_license_type, source=SETTINGS)
        chosen.setdefault("license_type", licence)


def _license_notes(request: ImportPlan, target: Target) -> tuple[str, ...]:
    """Return a note where a Windows has no licence type although ECS asks for one.

    Source: "ImportImage", ECS API 2014-05-26, OSType: with windows LicenseType must be
    set; read 2026-12.
    """
    if target.is_apsara_stack or request.os_type != "windows" or request.license_type:
        return ()
    taken = " or ".join(target.license_types)
    note = f"no LicenseType is chosen for this Windows, and ECS asks for {taken}"
    return (f"{note}: set WINDOWS_LICENSE_TYPE, or put it into a sidecar",)


def _choose_nvme(
    chosen: dict[str, Choice], evidence: Evidence, settings: Settings, target: Target
) -> None:
    """Say that the image starts from NVMe disks where its system has the driver.

    The newest families (c8i, r9i ...) start no imported image without it.

    Source: "ImportImage", ECS API 2014-05-26, Features.NvmeSupport, unsupported if it
    is absent; "NVMe protocol", ECS documentation; read 2026-12.
    """
    said = chosen.get("features")
    held = said.value if said else {}
    if "Features" in target.lacks or "NvmeSupport" in held:
        return
    by_setting = settings.nvme_support
    _, metadata = next(reversed([*evidence.declared("features")]))
    source, inside = evidence.seen_inside("nvme_support")
    nvme = choose(
        (
            (METADATA, (metadata or {}).get("NvmeSupport")),
            (SETTINGS, by_setting if by_setting in NVME_VALUES else None),
            (source, inside if by_setting == "auto" else None),
        )
    )
    if nvme:
        origin = f"{said.source} and {nvme.source}" if said else nvme.source
        features = {**held, "NvmeSupport": nvme.value}
        chosen["features"] = Choice(value=features, source=origin)


def _choose_tags(
    chosen: dict[str, Choice], evidence: Evidence, settings: Settings, target: Target
) -> None:
    """Add the operator's tags, and as many of those of provenance as have room.

    Where ImportImage takes none, the tracker sets the operator's afterwards.
    """
    if "Tag" in target.lacks or not (settings.image_tags or settings.provenance_tags):
        return
    from image_import.planning.tags import (  # noqa: PLC0415 - cold start
        merged,
        provenance_tags,
    )

    said = chosen.get("tags")
    theirs = said.value if said else {}
    tags = merged(theirs, settings.image_tags)
    if settings.provenance_tags:
        for key, value in provenance_tags(evidence.revision).items():
            with_it = merged(tags, {key: value})
            if len(with_it) <= max(MOST_TAGS, len(tags)):
                tags = with_it
    if tags == theirs:
        return
    lost = {key: value for key, value in theirs.items() if tags.get(key) != value}
    chosen["tags"] = Choice(
        value=tags,
        source=f"{said.source} and {SETTINGS}" if said else SETTINGS,
        overrode={said.source: lost} if said and lost else {},
    )


def _choose_boot_mode(
    chosen: dict[str, Choice], evidence: Evidence, target: Target
) -> None:
    """Say the boot mode where architecture, disk or contents allow one only.

    A disk that can start either way is left to the service, whose default is BIOS.

    Source: "ImportImage", ECS API 2014-05-26, BootMode: arm64 boots with UEFI only;
    read 2026-11.
    """
    if "BootMode" in target.lacks:
        return
    architecture = chosen.get("architecture")
    if architecture and architecture.value == "arm64":
        implied = Choice(value="UEFI", source=f"{architecture.source} (Architecture)")
        chosen.setdefault("boot_mode", implied)
        return
    inside, hint = evidence.seen_inside("boot_mode"), evidence.disks[0].header.boot_hint
    header = (HEADER, hint if hint == "UEFI" else None)
    said = choose([*evidence.declared("boot_mode"), inside, header])
    if said:
        chosen["boot_mode"] = said


def _choose_name(
    evidence: Evidence, settings: Settings, target: Target, chosen: dict[str, Choice]
) -> dict[str, Choice]:
    """Return the image's name, and the description by which it is known to be ours."""
    revision = evidence.revision
    given = choose(evidence.declared("image_name"))
    name = given or Choice(
        value=image_name(
            settings.image_name_template,
            object_key=revision.object_key,
            revision_hash=revision.revision_hash,
            target=target,
        ),
        source=f"{KEY} (template)",
    )
    template = settings.image_name_template
    # A name made here has our own mark; a key may hold the revision of a build as well.
    if given and (
        mark := foreign_mark(name.value, own=revision.mark, template=template)
    ):
        raise PlanError(
            f"ImageName {name.value!r} ({name.source}) holds {mark} where the names "
            "that we make have the mark of an upload, and this upload's is "
            f"{revision.mark}; choose a name without it, or leave ImageName out"
        )
    told = chosen.get("description")
    marked = with_mark(told.value if told else None)
    if marked is None:
        raise PlanError(
            "Description leaves no room for the mark by which the image is known "
            "again; shorten it by 32 characters"
        )
    source = f"{told.source} (with mark)" if told else "mark"
    return {"image_name": name, "description": Choice(value=marked, source=source)}
