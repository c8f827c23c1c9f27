"""News as a person reads it, in English and Chinese: a title and a few lines."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from image_import.model.image_check import Language, sentence
from image_import.notification.news import ImportNews

MOST_BYTES = 2000
"""Of a whole message. WeCom takes 2,048 bytes of text, the others more.

Source: "Message push (group robot)", WeCom developer documentation, read 2026-12.
"""


WENT_WELL = frozenset({"submitted", "available", "distributed"})
"""Of these the title says it all; a reason would say it again."""

MOST_RISKS = 4
"""Of one message, the worst first; the rest is in the ledger."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """One language.

    Attributes:
        titles: By kind of news; `{image}` is the image's name.
        next_steps: What to do where the news itself does not say it.
    """

    language: Language
    image: str
    region: str
    copies: str
    source: str
    took: str
    reason: str
    risk: str
    more_risks: str
    next_step: str
    colon: str
    minutes: str
    hours: str
    titles: Mapping[str, str]
    next_steps: Mapping[str, str]


ENGLISH = Words(
    language="en",
    image="Image",
    region="Region",
    copies="Copies",
    source="Source",
    took="Took",
    reason="Reason",
    risk="Image check",
    more_risks="{count} more: image-import status {source}",
    next_step="Next step",
    colon=": ",
    minutes="{minutes} min",
    hours="{hours} h {minutes} min",
    titles={
        "converting": "{image} is being converted, and then imported",
        "submitted": "the import of {image} has begun",
        "available": "{image} is ready",
        "distributed": "{image} is ready wherever it was wanted",
        "distribution_failed": "{image} is ready, but not everywhere",
        "create_failed": "the import of {image} failed in ECS",
        "refused": "{image} was not imported: the upload was refused",
        "failed": "{image} was not imported: a service refused",
        "stuck": "the import of {image} makes no progress",
        "cancelled": "the import of {image} was cancelled",
        "gone": "{image} was deleted while it was imported",
    },
    next_steps={
        "converting": "wait; image-import status {source} says how far it is",
        "submitted": "wait; image-import status {source} says how far it is",
        "available": "create an instance from image {image_id}",
        "distributed": "create an instance from image {image_id}",
        "distribution_failed": "image-import status {source}",
        "create_failed": "fix the cause, then: image-import redrive {source}",
        "refused": "fix the file or its sidecar, then upload it again",
        "failed": "fix the cause, then: image-import redrive {source}",
        "stuck": "image-import status {source}",
        "cancelled": "to import it again: image-import redrive {source}",
        "gone": "to import it again: image-import redrive {source}",
    },
)
CHINESE = Words(
    language="zh",
    image="镜像",
    region="地域",
    copies="副本",
    source="来源",
    took="用时",
    reason="原因",
    risk="镜像检测",
    more_risks="另有 {count} 项：image-import status {source}",
    next_step="下一步",
    colon="：",
    minutes="{minutes} 分钟",
    hours="{hours} 小时 {minutes} 分钟",
    titles={
        "converting": "{image} 正在转换格式，随后导入",
        "submitted": "镜像 {image} 开始导入",
        "available": "镜像 {image} 已可用",
        "distributed": "镜像 {image} 已可用，并已分发完成",
        "distribution_failed": "镜像 {image} 已可用，但分发未全部完成",
        "create_failed": "镜像 {image} 在 ECS 中导入失败",
        "refused": "镜像 {image} 未导入：上传的文件被拒绝",
        "failed": "镜像 {image} 未导入：云服务拒绝了请求",
        "stuck": "镜像 {image} 的导入没有进展",
        "cancelled": "镜像 {image} 的导入已取消",
        "gone": "镜像 {image} 在导入过程中被删除",
    },
    next_steps={
        "converting": "请等待；进度见 image-import status {source}",
        "submitted": "请等待；进度见 image-import status {source}",
        "available": "使用镜像 {image_id} 创建实例",
        "distributed": "使用镜像 {image_id} 创建实例",
        "distribution_failed": "image-import status {source}",
        "create_failed": "排除原因后执行：image-import redrive {source}",
        "refused": "修正文件或其描述文件后重新上传",
        "failed": "排除原因后执行：image-import redrive {source}",
        "stuck": "image-import status {source}",
        "cancelled": "如需再次导入：image-import redrive {source}",
        "gone": "如需再次导入：image-import redrive {source}",
    },
)
LANGUAGES = {"en": ENGLISH, "zh": CHINESE}

_PLAIN = str.maketrans({"<": "＜", ">": "＞", "\r": " ", "\n": " ", "\t": " "})
"""An uploader chooses keys and names: none may mention people or begin a line.

Feishu reads `<at user_id="all">` in texts, WeCom `<@userid>`.
"""


def title(news: ImportNews, words: Words) -> str:
    """Return what happened, in one line that begins with `image-import`.

    Robots that admit only messages with a keyword are satisfied by that word.
    """
    name = news.image_name or news.object_key.rpartition("/")[2]
    said = words.titles[news.kind].replace("{image}", name)
    return f"image-import{words.colon}{plain(said)}"


def text(news: ImportNews, words: Words) -> str:
    """Return the whole message; a long reason is cut, never what to do."""
    image = news.image_name
    if news.image_id:
        image = f"{image} ({news.image_id})" if image else news.image_id
    rows = [
        (words.image, image),
        (words.region, news.region_id),
        (words.copies, ", ".join(f"{where} ({made})" for where, made in news.copies)),
        (words.source, news.source),
        (words.took, _took(news, words)),
        (words.reason, "" if news.kind in WENT_WELL else news.reason),
        *((words.risk, risk) for risk in _risks(news, words)),
        (words.next_step, next_step(news, words)),
    ]
    lines = [title(news, words)]
    lines += [f"{name}{words.colon}{plain(value)}" for name, value in rows if value]
    return _fitted(lines, reason=f"{words.reason}{words.colon}")


def next_step(news: ImportNews, words: Words) -> str:
    """Return what a person does now."""
    if news.next_step:
        return news.next_step
    said = words.next_steps.get(news.kind, "")
    image = news.image_id or news.image_name
    return said.replace("{image_id}", image).replace("{source}", news.source)


def _risks(news: ImportNews, words: Words) -> list[str]:
    """Return what the image check found, as far as a message has room for it."""
    shown = [sentence(one, words.language) for one in news.findings[:MOST_RISKS]]
    if more := len(news.findings) - len(shown):
        said = words.more_risks.replace("{count}", str(more))
        shown.append(said.replace("{source}", news.source))
    return shown


def plain(said: str) -> str:
    """Return a text in which nothing is a mention, a line end or invisible."""
    return "".join(c if c.isprintable() else "�" for c in said.translate(_PLAIN))


def _took(news: ImportNews, words: Words) -> str:
    if news.started is None:
        return ""
    minutes = max(0, (news.at - news.started) // timedelta(minutes=1))
    form = words.hours if minutes >= 60 else words.minutes
    return form.format(hours=minutes // 60, minutes=minutes % 60)


def _fitted(lines: list[str], *, reason: str) -> str:
    """Return the lines as one text of at most `MOST_BYTES`."""
    whole = "\n".join(lines)
    over = len(whole.encode()) - MOST_BYTES
    if over <= 0:
        return whole
    longest = next((n for n, line in enumerate(lines) if line.startswith(reason)), 0)
    kept = lines[longest].encode()
    kept = kept[: max(len(reason.encode()), len(kept) - over - len("…".encode()))]
    lines[longest] = kept.decode("utf-8", "ignore") + "…"
    return "\n".join(lines).encode()[:MOST_BYTES].decode("utf-8", "ignore")
