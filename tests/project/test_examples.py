"""The examples for others: each is run, or held against what it must be."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hcl2
import pytest
import yaml
from click.testing import CliRunner
from desks import BUCKET, desk_with
from image_import_cli.iam.deployment import FUNCTIONS as DEPLOYED
from image_import_cli.local.client_hints import shell_settings
from image_import_cli.main import cli
from made_images import NEEDS, make_disk
from repository import DATA, FUNCTIONS, ROOT
from small_debian import DEBIAN, PE_X86_64

EXAMPLES = ROOT / "examples"
TOOLS = Path(sys.executable).parent
PATH = f"{TOOLS}:{os.environ['PATH']}"
SAMPLES = FUNCTIONS / "image_import_cli/assets"
NOBLE, LEAK = "noble-server-cloudimg-amd64.img", "leak.qcow2"

# What CI systems run.


def in_gate(name: str) -> Any:
    return yaml.safe_load((EXAMPLES / "gate" / name).read_text("utf-8"))


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("github-workflow.yml", ["--builtin-schema", "vendor.github-workflows"]),
        (
            "gitlab-ci.yml",
            ["--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci"],
        ),
    ],
)
def test_a_file_for_a_ci_is_one(name: str, options: list[str]) -> None:
    path = EXAMPLES / "gate" / name
    command = [str(TOOLS / "check-jsonschema"), *options, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_both_files_install_and_run_the_same() -> None:
    steps = in_gate("github-workflow.yml")["jobs"]["gate"]["steps"]
    job = in_gate("gitlab-ci.yml")["images"]
    commands = [step["run"] for step in steps if "run" in step]
    assert commands == job["before_script"] + job["script"]
    assert commands == [
        'pip install "image-import[cli,inspect] @ $IMAGE_IMPORT"',
        "sh ci/gate.sh images/*.qcow2",
    ]


def gate(folder: Path, *images: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", str(EXAMPLES / "gate/gate.sh"), *map(str, images)],
        cwd=folder,
        env={**os.environ, "PATH": PATH},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.needs(*NEEDS["ext4"], *NEEDS["gpt"], *NEEDS["vfat"], "qemu-img")
def test_the_gate_lets_an_image_in_that_would_be_imported(tmp_path: Path) -> None:
    tree = {
        path.removeprefix("/"): text if isinstance(text, bytes) else text.encode()
        for path, text in DEBIAN.items()
    }
    image = tmp_path / "web-debian-13-amd64.qcow2"
    esp = {"EFI/BOOT/BOOTX64.EFI": PE_X86_64}
    raw = make_disk(tmp_path, tree, esp=esp, label="system")
    convert = ["qemu-img", "convert", "-O", "qcow2", str(raw), str(image)]
    subprocess.run(convert, check=True)
    done = gate(tmp_path, image)
    assert done.returncode == 0, done.stdout + done.stderr
    reports = {path.name: json.loads(path.read_text()) for path in reports_in(tmp_path)}
    assert reports[f"{image.name}.plan.json"]["outcome"] == "planned"
    assert reports[f"{image.name}.inspect.json"]["image"] == str(image)


def test_the_gate_stops_an_image_and_says_where_the_reason_is(tmp_path: Path) -> None:
    done = gate(tmp_path, SAMPLES / LEAK, SAMPLES / NOBLE)
    assert done.returncode == 1
    assert f"{LEAK}: plan fails, see reports/{LEAK}.plan.json" in done.stderr
    assert f"{NOBLE}: plan passes" in done.stdout
    report = json.loads((tmp_path / f"reports/{LEAK}.plan.json").read_text())
    assert report["outcome"] == "refused"
    assert len(reports_in(tmp_path)) == 4


def reports_in(folder: Path) -> list[Path]:
    return sorted((folder / "reports").iterdir())


# What Packer runs.


def packer() -> dict[str, Any]:
    text = (EXAMPLES / "packer/build.pkr.hcl").read_text("utf-8")
    template: dict[str, Any] = plain(hcl2.loads(text))
    return template


def run_post_processor(
    folder: Path, target: str, environ: dict[str, str], image: str = NOBLE
) -> subprocess.CompletedProcess[str]:
    """Run upload.sh as the template has Packer run it."""
    (build,) = packer()["build"]
    (post,) = build["post-processor"]
    own = dict(word.split("=", 1) for word in post["shell-local"]["environment_vars"])
    assert own.keys() == {"IMAGE", "TARGET", "RESULT"}
    own |= {"IMAGE": str(SAMPLES / image), "TARGET": target}
    return subprocess.run(
        ["sh", EXAMPLES / "packer" / post["shell-local"]["script"]],
        cwd=folder,
        env={**os.environ, "PATH": PATH, **environ, **own},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_post_processor_uploads_what_packer_builds() -> None:
    (source,) = packer()["source"]
    made = source["qemu"]["web"]
    (build,) = packer()["build"]
    (post,) = build["post-processor"]
    image = f"IMAGE={made['output_directory']}/{made['vm_name']}"
    assert image in post["shell-local"]["environment_vars"]
    said = CliRunner().invoke(cli, ["infer", made["vm_name"]]).stdout
    inferred = {"platform": "Ubuntu", "architecture": "x86_64", "format": "qcow2"}
    assert json.loads(said).items() >= inferred.items()


def test_the_post_processor_ends_with_the_image(tmp_path: Path) -> None:
    with desk_with() as desk:
        told = dict(re.findall(r"export (\w+)=(\S+)", shell_settings(desk)))
        done = run_post_processor(tmp_path, f"oss://{BUCKET}/", told)
        images = [image.image_id for image in desk.cloud.ecs.images.values()]
    assert done.returncode == 0, done.stdout + done.stderr
    last = (tmp_path / "import.json").read_text("utf-8").splitlines()[-1]
    assert images == [json.loads(last)["image_id"]]


def test_the_post_processor_fails_where_no_image_comes_of_it(tmp_path: Path) -> None:
    with desk_with() as desk:
        told = dict(re.findall(r"export (\w+)=(\S+)", shell_settings(desk)))
        done = run_post_processor(tmp_path, f"oss://{BUCKET}/", told, LEAK)
    assert done.returncode == 1
    assert "error" in done.stderr


# What Terraform makes. Source of its fields: tests/data/terraform/README.md

SCHEMA = json.loads((DATA / "terraform/alicloud.json").read_text("utf-8"))
OF_TERRAFORM = {"for_each", "depends_on", "lifecycle"}
TEMPLATE = yaml.safe_load((ROOT / "template.yml").read_text("utf-8"))
RESOURCES = TEMPLATE["Resources"]


def plain(read: Any) -> Any:
    """Return what python-hcl2 reads, without its quotes, comments and marks."""
    if isinstance(read, dict):
        return {
            plain(name): plain(value)
            for name, value in read.items()
            if not name.startswith("__")
        }
    if isinstance(read, list):
        return [plain(value) for value in read]
    return read.strip('"') if isinstance(read, str) else read


MODULE = {
    path.stem: plain(hcl2.loads(path.read_text("utf-8")))
    for path in (EXAMPLES / "terraform").glob("*.tf")
}
LOCALS = MODULE["main"]["locals"][0]
MADE = [
    (kind, name, fields)
    for resource in MODULE["main"]["resource"]
    for kind, named in resource.items()
    for name, fields in named.items()
]
VARIABLES = {
    name: fields
    for variable in MODULE["variables"]["variable"]
    for name, fields in variable.items()
}


def faults(fields: dict[str, Any], schema: dict[str, Any], where: str) -> Iterator[str]:
    """Yield what a resource or block has that the provider would refuse."""
    for name, rule in schema.items():
        if rule["required"] and name not in fields:
            yield f"{where} lacks {name}"
    for name, value in fields.items():
        if name not in schema:
            yield f"{where} has no {name}"
        elif block := schema[name].get("block"):
            for one in value:
                yield from faults(one, block, f"{where}.{name}")


@pytest.mark.parametrize(("kind", "name", "fields"), MADE, ids=str)
def test_the_provider_takes_each_field(
    kind: str, name: str, fields: dict[str, Any]
) -> None:
    own = {key: value for key, value in fields.items() if key not in OF_TERRAFORM}
    assert list(faults(own, SCHEMA[kind], name)) == []


def test_what_the_provider_refuses_is_found() -> None:
    wrong = {"handlers": "h", "runtime": "r", "code": [{"oss_bucket": "b"}]}
    assert list(faults(wrong, SCHEMA["alicloud_fcv3_function"], "f")) == [
        "f lacks handler",
        "f has no handlers",
        "f.code has no oss_bucket",
    ]


def test_whatever_is_referred_to_is_there() -> None:
    text = "".join(p.read_text("utf-8") for p in (EXAMPLES / "terraform").glob("*.tf"))
    made = {f"{kind}.{name}" for kind, name, _ in MADE}
    assert set(re.findall(r"\bvar\.(\w+)", text)) == set(VARIABLES)
    assert set(re.findall(r"\blocal\.(\w+)", text)) <= set(LOCALS)
    assert set(re.findall(r"(?<!data\.)\b(alicloud_\w+\.\w+)", text)) <= made | {
        f"{kind}.{name}"
        for data in MODULE["main"]["data"]
        for kind, named in data.items()
        for name in named
    }


@pytest.mark.parametrize("function", ["importer", "tracker", "converter"])
def test_a_function_is_that_of_the_template(function: str) -> None:
    made = LOCALS["functions"][function]
    wanted = RESOURCES[function.title()]["Properties"]
    events = RESOURCES[f"{function.title()}Events"]["Properties"]
    (fields,) = [f for kind, _, f in MADE if kind == "alicloud_fcv3_function"]
    assert made == {
        "handler": wanted["Handler"],
        "cpu": wanted["Cpu"],
        "memory": wanted["MemorySize"],
        "timeout": wanted["Timeout"],
        "retries": events["MaxAsyncRetryAttempts"],
        "age": events["MaxAsyncEventAgeInSeconds"],
    }
    assert fields["disk_size"] == wanted["DiskSize"]
    initializer = wanted["InstanceLifecycleConfig"]["Initializer"]
    assert fields["instance_lifecycle_config"][0]["initializer"] == [
        {"handler": initializer["Handler"], "timeout": initializer["Timeout"]}
    ]
    assert set(LOCALS["functions"]) == {row.name for row in DEPLOYED}


@pytest.mark.parametrize(
    ("function", "trigger"),
    [("importer", "ObjectCreated"), ("converter", "JobCreated")],
)
def test_a_trigger_is_that_of_the_template(function: str, trigger: str) -> None:
    made, wanted = LOCALS["uploads"][function], RESOURCES[trigger]["Properties"]
    assert made["name"] == wanted["TriggerName"]
    assert made["events"] == wanted["TriggerConfig"]["events"]


def test_the_environment_is_that_of_the_template_where_it_is_no_parameter() -> None:
    template = RESOURCES["Importer"]["Properties"]["EnvironmentVariables"]
    fixed = {name: text for name, text in template.items() if isinstance(text, str)}
    set_here = dict(
        re.findall(r"(\w+) *= (?:\"([^\"]*)\"|[\w.]+)", LOCALS["environment"])
    )
    assert {name: text for name, text in set_here.items() if text} == fixed
    assert set_here.keys() <= template.keys()
    assert {
        "REGION_ID",
        "KEY_PREFIX",
        "LEDGER_BUCKET",
        "LEDGER_PREFIX",
    } < set_here.keys()


def test_a_variable_has_the_default_of_the_template_s_parameter() -> None:
    parameters = {
        re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower(): parameter
        for name, parameter in TEMPLATE["Parameters"].items()
    }
    shared = VARIABLES.keys() & parameters.keys()
    assert VARIABLES.keys() - shared == {
        "name", "roles_file", "makes_ecs_role", "settings",
    }  # fmt: skip
    assert {n: VARIABLES[n].get("default") for n in shared} == {
        n: parameters[n].get("Default") for n in shared
    }


def test_the_roles_are_found_in_what_policy_prints() -> None:
    place = ["--image-bucket", "images", "--ledger-bucket", "ledger"]
    printed = CliRunner().invoke(cli, ["policy", *place, "--json"])
    roles = json.loads(printed.stdout)["roles"]
    services = {r["trust"]["Statement"][0]["Principal"]["Service"][0] for r in roles}
    text = (EXAMPLES / "terraform/main.tf").read_text("utf-8")
    assert services == set(re.findall(r'"((?:fc|oss|ecs)\.aliyuncs\.com)"', text))
    used = set(re.findall(r"each\.value\.(\w+)", json.dumps(roles_made())))
    assert all(used <= role.keys() for role in roles)


def roles_made() -> list[dict[str, Any]]:
    return [f for kind, _, f in MADE if f.get("for_each") == "${local.roles}"]
