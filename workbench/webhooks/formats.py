"""The shapes that receivers want: programs a signed payload, chats one sentence.

Signed as Standard Webhooks has it (standardwebhooks.com). The chats' robots: api.slack.com/messaging/webhooks,
open.feishu.cn (custom robots), open.dingtalk.com (custom robots), developer.work.weixin.qq.com (group robots). The
latter three answer 200 also when they refuse; their body then has another code than 0.
"""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from workbench.i18n import N_
from workbench.json_types import parse_json

Row = Mapping[str, Any]
#: of a chat's sentence: WeCom takes no more, and nobody reads more
MAX_BYTES = 2048


@dataclass(frozen=True)
class Form:
    """`body` makes what is sent of a payload; `code` names the field of the answer that is 0 when all is well."""

    title: str
    body: Callable[[Row], Row]
    code: str | None = None
    signed: bool = False


FORMS: dict[str, Form] = {
    "standard": Form(N_("Program (JSON, signed)"), lambda payload: payload, signed=True),
    # a title may hold what the chat takes for a call to everybody: <!channel>, <at user_id="all">
    "slack": Form("Slack", lambda payload: {"text": html.escape(_line(payload), quote=False)}),
    "feishu": Form(
        N_("Feishu"),
        lambda payload: {"msg_type": "text", "content": {"text": _line(payload).replace("<", "‹")}},
        code="code",
    ),
    "dingtalk": Form(
        N_("DingTalk"), lambda payload: {"msgtype": "text", "text": {"content": _line(payload)}}, code="errcode"
    ),
    "wecom": Form(
        N_("WeCom"), lambda payload: {"msgtype": "text", "text": {"content": _line(payload)}}, code="errcode"
    ),
}


def _line(payload: Row) -> str:
    # DingTalk lets pass what has an agreed word in it: this name is one to agree on
    link = f"\n{payload['url']}" if payload.get("url") else ""
    sentence = f"Reelwright · {payload['text']}"
    room = MAX_BYTES - len(link.encode())
    if len(sentence.encode()) > room:
        sentence = sentence.encode()[: room - 3].decode(errors="ignore") + "…"
    return sentence + link


def request_of(form: str, payload: Row, message_id: str, secret: str) -> tuple[bytes, dict[str, str]]:
    """The body and headers of one try."""
    definition = FORMS[form]
    body = json.dumps(definition.body(payload), ensure_ascii=False)
    headers = {"Content-Type": "application/json; charset=utf-8"}
    if definition.signed:
        from standardwebhooks import Webhook

        now = datetime.now(UTC)
        headers |= {
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(secret).sign(message_id, now, body),
        }
    return body.encode(), headers


def refusal_of(form: str, answer: bytes) -> str | None:
    """What a chat that answered 200 says against it; None when all is well."""
    code = FORMS[form].code
    if code is None:
        return None
    try:
        parsed = parse_json(answer)
        return (
            None
            if not parsed.get(code)
            else f"{parsed.get(code)} {parsed.get('msg') or parsed.get('errmsg') or ''}".strip()
        )
    except (ValueError, AttributeError):
        return answer.decode(errors="replace").strip() or "—"
