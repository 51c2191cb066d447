"""Well-known services to begin a profile from: address, wire format, a model of each kind, where its keys are made.

Model names are suggestions of late 2025; services rename them, and the form says so when a test finds none.
Sources: docs/providers.md and the services' own documentation.
"""

from __future__ import annotations

from dataclasses import dataclass

from workbench.i18n import N_


@dataclass(frozen=True)
class Template:
    """`provider`: the wire format; `keys`: the page where its keys are made, empty for a server of one's own."""

    title: str
    provider: str
    base_url: str
    text_model: str = ""
    image_model: str = ""
    video_model: str = ""
    keys: str = ""

    @property
    def local(self) -> bool:
        return not self.keys


TEMPLATES: dict[str, Template] = {
    "openai": Template(
        "OpenAI", "openai", "https://api.openai.com/v1", "gpt-4.1-mini", "gpt-image-1",
        keys="https://platform.openai.com/api-keys",
    ),
    "deepseek": Template(
        "DeepSeek", "openai", "https://api.deepseek.com", "deepseek-chat", keys="https://platform.deepseek.com/api_keys"
    ),
    "kimi": Template(
        "Kimi", "openai", "https://api.moonshot.cn/v1", "kimi-k2-turbo-preview",
        keys="https://platform.moonshot.cn/console/api-keys",
    ),
    "qwen": Template(
        "Qwen (DashScope)", "openai", "https://dashscope.aliyuncs.com/compatible-mode/v1", "qwen-plus",
        keys="https://bailian.console.aliyun.com/?tab=model#/api-key",
    ),
    "ark": Template(
        "Doubao Ark", "ark", "https://ark.cn-beijing.volces.com/api/v3", "doubao-seed-1-6-250615",
        "doubao-seedream-4-0-250828", "doubao-seedance-1-0-pro-250528",
        keys="https://console.volcengine.com/ark/region:ark+cn-beijing/apiKey",
    ),
    "gemini": Template(
        "Gemini", "gemini", "https://generativelanguage.googleapis.com", "gemini-2.5-flash", "gemini-2.5-flash-image",
        "veo-3.0-fast-generate-001", keys="https://aistudio.google.com/apikey",
    ),
    "ollama": Template("Ollama", "openai", "http://127.0.0.1:11434/v1", "qwen3:8b"),
    "llama.cpp": Template("llama.cpp", "openai", "http://127.0.0.1:8080/v1", "default"),
    "vllm": Template("vLLM", "openai", "http://127.0.0.1:8000/v1", "Qwen/Qwen3-8B"),
    "other": Template(N_("Another OpenAI-compatible service"), "openai", ""),
}  # fmt: skip
OTHER = TEMPLATES["other"]


def of_profile(provider: str, base_url: str | None) -> Template | None:
    """The template that a profile was begun from, by its address; else the wire format's own."""
    named = list(TEMPLATES.values())
    return next(
        (t for t in named if t.provider == provider and t.base_url == (base_url or t.base_url) and t.base_url), None
    )
