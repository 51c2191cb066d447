from __future__ import annotations

import pytest

from workbench.errors import InvalidInput
from workbench.providers.endpoints import ENDPOINTS, endpoint_of, normalise_base_url


@pytest.mark.parametrize(
    ("pasted", "stored"),
    [
        ("https://api.openai.com", "https://api.openai.com/v1"),
        ("https://api.openai.com/v1/", "https://api.openai.com/v1"),
        ("https://api.openai.com/v1/chat/completions", "https://api.openai.com/v1"),
        (" HTTPS://API.OpenAI.com/v1/responses/ \n", "https://api.openai.com/v1"),
        ("api.openai.com/v1", "https://api.openai.com/v1"),
        ("https://api.deepseek.com", "https://api.deepseek.com"),
        ("https://api.deepseek.com/chat/completions", "https://api.deepseek.com"),
        ("https://api.moonshot.cn/v1", "https://api.moonshot.cn/v1"),
        ("https://ark.cn-beijing.volces.com/api/v3", "https://ark.cn-beijing.volces.com/api/v3"),
        ("https://ark.cn-beijing.volces.com/api/v3/chat/completions", "https://ark.cn-beijing.volces.com/api/v3"),
        ("https://ark.cn-beijing.volces.com/", "https://ark.cn-beijing.volces.com/api/v3"),
        (
            "https://ark.cn-beijing.volces.com/api/v3/contents/generations/tasks",
            "https://ark.cn-beijing.volces.com/api/v3",
        ),
        ("ark.ap-southeast.bytepluses.com", "https://ark.ap-southeast.bytepluses.com/api/v3"),
        ("https://example.com/v1/images/edits", "https://example.com/v1"),
        ("localhost:11434", "http://localhost:11434/v1"),
        ("127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1"),
        ("http://[::1]:8080/v1", "http://[::1]:8080/v1"),
        ("https://gateway.example.com//team//v1//", "https://gateway.example.com/team/v1"),
        ("https://example.com/v1#section", "https://example.com/v1"),
        ("https://dashscope.aliyuncs.com", "https://dashscope.aliyuncs.com/compatible-mode/v1"),
        ("dashscope-intl.aliyuncs.com/api/v1", "https://dashscope-intl.aliyuncs.com/compatible-mode/v1"),
        ("https://openrouter.ai", "https://openrouter.ai/api/v1"),
        ("openrouter.ai/v1/chat/completions", "https://openrouter.ai/api/v1"),
        ("open.bigmodel.cn", "https://open.bigmodel.cn/api/paas/v4"),
        ("https://open.bigmodel.cn/api/coding/paas/v4", "https://open.bigmodel.cn/api/coding/paas/v4"),
        ("https://api.groq.com/v1/", "https://api.groq.com/openai/v1"),
        ("generativelanguage.googleapis.com", "https://generativelanguage.googleapis.com/v1beta/openai"),
        ("https://api.deepseek.com/v1", "https://api.deepseek.com/v1"),
        ("localhost:11434/api/chat", "http://localhost:11434/v1"),
        ("https://mine.openai.azure.com", "https://mine.openai.azure.com/openai/v1"),
        ("192.168.1.5:8000", "http://192.168.1.5:8000/v1"),
        ("10.0.0.7:8080/v1", "http://10.0.0.7:8080/v1"),
        ("172.20.0.3:1234", "http://172.20.0.3:1234/v1"),
        ("100.64.1.2:8000", "http://100.64.1.2:8000/v1"),
        ("[fd12::5]:8000", "http://[fd12::5]:8000/v1"),
        ("gpu-box:8000", "http://gpu-box:8000/v1"),
        ("studio.local:1234/v1", "http://studio.local:1234/v1"),
        ("https://192.168.1.5:8000", "https://192.168.1.5:8000/v1"),
        ("8.8.8.8:8000", "https://8.8.8.8:8000/v1"),
    ],
)
def test_a_pasted_address_is_stored_in_one_form(pasted: str, stored: str) -> None:
    assert normalise_base_url(pasted) == stored
    assert normalise_base_url(stored) == stored


@pytest.mark.parametrize(
    "pasted",
    [
        "",
        "   ",
        "ftp://example.com",
        "file:///etc/passwd",
        "https://",
        "https://me:sk-1@example.com/v1",
        "https://example.com/v1?key=abc",
        "https://example.com:99999/v1",
        "not an address",
        "htp:/example.com",
        "http:/example.com/v1",
    ],
)
def test_what_is_no_address_is_refused_at_its_field(pasted: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        normalise_base_url(pasted)

    assert [i.path for i in raised.value.issues] == ["base_url"]


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda e: e.title)
def test_presets_are_stored_as_they_are(endpoint: object) -> None:
    url = endpoint.base_url  # type: ignore[attr-defined]
    assert normalise_base_url(url) == url
    assert endpoint_of(url) is endpoint


def test_services_are_known_by_their_exact_host() -> None:
    assert endpoint_of("https://api.deepseek.com.example.org/v1").modes[0] == "json_schema"
    assert endpoint_of("https://api.deepseek.com").modes == ("json_object", "plain")


@pytest.mark.parametrize(
    "pasted",
    [
        "http://169.254.169.254/latest/meta-data",
        "169.254.169.254",
        "http://2852039166/v1",
        "http://0xA9FEA9FE/v1",
        "http://0251.0376.0251.0376/v1",
        "http://169.254.43518/v1",
        "http://[fe80::1]/v1",
        "http://[::ffff:169.254.169.254]/v1",
        "http://[64:ff9b::a9fe:a9fe]/v1",
        "http://[fd00:ec2::254]/v1",
        "http://100.100.100.200/v1",
        "http://metadata.google.internal./v1",
    ],
)
def test_no_address_of_the_machines_own_link_is_stored(pasted: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        normalise_base_url(pasted)
    assert "network link" in str(raised.value)


@pytest.mark.parametrize("pasted", ["http://[::1", "http://[x]/v1", "http://a\x00b/v1", "http://\ud83d/v1", "//"])
def test_what_no_parser_takes_is_no_address_either(pasted: str) -> None:
    with pytest.raises(InvalidInput):
        normalise_base_url(pasted)


@pytest.mark.parametrize(
    ("pasted", "stored"),
    [
        ("OPENAI_BASE_URL=https://relay.example/v1", "https://relay.example/v1"),
        ('export OPENAI_API_BASE="https://relay.example/v1"', "https://relay.example/v1"),
        ("base_url: 'https://relay.example/v1',", "https://relay.example/v1"),
        ('"baseUrl": "https://relay.example/v1"', "https://relay.example/v1"),
        ("`https://api.x.ai/v1`", "https://api.x.ai/v1"),
        ("（https://api.x.ai/v1）。", "https://api.x.ai/v1"),
        ("https：//api.x.ai/v1", "https://api.x.ai/v1"),
        ("[fd00::1]:8080", "http://[fd00::1]:8080/v1"),
        ("http://[::1]", "http://[::1]/v1"),
        ("http://localhost:11434/api/generate", "http://localhost:11434/v1"),
    ],
)
def test_an_address_is_taken_out_of_what_was_copied_with_it(pasted: str, stored: str) -> None:
    assert normalise_base_url(pasted) == stored


@pytest.mark.parametrize("pasted", ["base_url=relay.example", "https://a=b/v1", "https://a`b/v1"])
def test_what_is_no_host_is_no_address(pasted: str) -> None:
    with pytest.raises(InvalidInput):
        normalise_base_url(pasted)
