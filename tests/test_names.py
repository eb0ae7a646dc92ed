"""Names are told as they are; what may be a key, or a text, is not, and neither is anything long."""

import random
import secrets
import string
import time
from collections.abc import Callable

import pytest

from proxy import names
from tests.cases import every

MODELS = [
    *("", "m", "claude-haiku-4-5", "claude-sonnet-4-5-20250929[1m]", "us.anthropic.claude-opus-4-1-20250805-v1:0"),
    *("claude-sonnet-4@20250514", "anthropic/claude-sonnet-4.5:beta", "models/x@20250101", "gpt-oss:120b", "o4-mini"),
    *("unsloth/Qwen3-Coder-30B-A3B-Instruct-GGUF:Q4_K_M", "accounts/fireworks/models/mixtral-8x7b", "MiniMax-M2"),
    *("arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-v2", "WizardLM-2", "starcoder2", "QwQ-32B"),
]
KEYS = [
    *("sk-ant-api03-abc", "sk-1", "SK_live_1", "ghp_a", "github_pat_a", "glpat-a", "xoxb-1-2", "openrouter/sk-or-v1"),
    *("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.a"),
    *("3f2a9c1b-1111-4222-8333-abcdef012345", "d41d8cd98f00b204e9800998ecf8427e", "a" * 17, "123456789"),
]
NO_NAMES = ["my secret text", "x-" * 41, "a\n", "\ud800", "ключ", "a--.b", "a%20b", "\x1b[31m", "1a"]


@every("text", MODELS)
def test_a_model_is_told_as_it_is_named(text: str) -> None:
    assert names.model(text) == text


@pytest.mark.parametrize("text", ["xsk-ant-api03-a", "ask-ant-api03-a1b2c3-d4e5f6", "sk.ant.api03.a", "sk:ant:api:a"])
def test_a_key_in_other_joints_or_behind_a_letter_is_told_nowhere(text: str) -> None:
    assert names.model(text) == "other"
    assert names.path(f"/v1/{text}/x") == "/v1/…/x"
    assert names.path(f"/v1/{text.replace('-', '/').replace('.', '/').replace(':', '/')}") == "/…"


@every("text", [*KEYS, *NO_NAMES])
def test_what_is_no_name_is_not_told(text: str) -> None:
    assert names.model(text) == "other"
    assert names.path(f"/v1/{text.replace('/', '-')}/x") == "/v1/…/x"


@pytest.mark.parametrize("text", ["GET", "POST", "DELETE", "PATCH"])
def test_a_method_of_http_is_told(text: str) -> None:
    assert names.method(text) == text


@pytest.mark.parametrize("text", ["", "get", "SECRET", "sk-ant-1"])
def test_another_method_is_not(text: str) -> None:
    assert names.method(text) == "other"


@every(
    ("text", "told"),
    [
        ("/v1/messages", "/v1/messages"),
        ("/-/", "/-/"),
        ("", ""),
        ("//a/../b/.", "//a/../b/."),
        ("/v1beta/models/gemini:generateContent", "/v1beta/models/gemini:generateContent"),
        ("/v1/messages/batches/msgbatch_013Zva2CMHLNnXjNJJKqJ2EF/results", "/v1/messages/batches/…/results"),
        ("/v1/" + "a" * 200, "/v1/…"),
        ("/v1" * 200, "/v1" * 53 + "/…"),
        ("/" + "%41" * 9999, "/…"),
        ("x" * 9999, "/…"),
    ],
)
def test_of_a_path_those_segments_are_told_that_are_names(text: str, told: str) -> None:
    assert names.path(text) == told


ALPHABETS: dict[str, Callable[[random.Random], str]] = {
    "letters and digits": lambda draw: "".join(draw.choices(string.ascii_letters + string.digits, k=32)),
    "base64": lambda draw: "".join(draw.choices(string.ascii_letters + string.digits + "-_", k=32)),
    "hexadecimal": lambda draw: draw.randbytes(16).hex(),
}


@pytest.mark.parametrize("alphabet", ALPHABETS)
def test_random_keys_of_the_usual_length_have_no_names_shape(alphabet: str) -> None:
    """Seven in 100,000 of base64's look like a name, with a hyphen in every right place; of the others, none."""
    draw = random.Random(1)
    assert sum(names.is_name(ALPHABETS[alphabet](draw)) for _ in range(20_000)) <= 5


@every("piece", ["a", "a-", "aB", "A", "Ab", "1", "-", "a1", "[", "sk", "]"])
def test_a_look_at_a_name_takes_no_time(piece: str) -> None:
    started = time.process_time()
    for length in (80, 160, 8_000_000):
        text = (piece * length)[:length]
        names.is_name("a" + text)
        names.path("/" + text)
    assert time.process_time() - started < 0.5


def test_a_session_is_a_hash_of_what_names_it() -> None:
    text = "user_" + secrets.token_hex(32) + "_session_" + secrets.token_hex(16)
    assert names.session("") == ""
    assert len(names.session(text)) == 16
    assert names.session(text) == names.session(text) != names.session(text[:-1])
    assert len(names.session("\ud800" * 9_000_000)) == 16
