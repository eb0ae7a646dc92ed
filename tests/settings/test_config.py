"""The configuration: the shipped file, every fault at once, and settings from the command line."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from proxy.settings import toml
from proxy.settings.config import Config, load, parse
from tests.cases import every

TOKEN = "0123456789abcdef"
SHIPPED = Path(__file__).parent.parent.parent / "config.toml"


def config_of(text: str, *settings: str) -> Config:
    return parse(toml.parse(text, "c.toml"), settings)


def problems_of(text: str, *settings: str) -> list[toml.Problem]:
    with pytest.raises(toml.TomlError) as raised:
        config_of(text, *settings)
    return raised.value.problems


def keys(model: type[BaseModel], path: toml.KeyPath = ()) -> Iterator[toml.KeyPath]:
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from keys(field.annotation, (*path, name))
        else:
            yield (*path, name)


def test_the_shipped_file_says_the_defaults() -> None:
    assert config_of(SHIPPED.read_text("utf-8")) == Config() == config_of("")


@every("path", list(keys(Config)), ids=toml.dotted)
def test_the_shipped_file_has_every_key_with_a_comment_above_it(path: toml.KeyPath) -> None:
    text = SHIPPED.read_text("utf-8")
    line = toml.parse(text, "c").lines[path]
    assert text.splitlines()[line - 2].startswith("# ")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("[rules.override.topic]\nstatsu = 'off'", "status"),
        ("[upstream]\nrate_limit = false", "rate_limits"),
        ("[lissten]\nport = 1", "listen"),
    ],
)
def test_a_key_that_is_not_known_is_told_with_the_nearest_that_is(text: str, meant: str) -> None:
    (problem,) = problems_of(text)
    assert problem.line
    assert f"did you mean {meant!r}?" in problem.message


def test_all_faults_are_reported_at_once_with_key_line_found_and_expected() -> None:
    problems = problems_of(
        """\
[listen]
host = "0.0.0.0"
port = "8787"

[upstream]
connect_timeout = 0
[log]
level = "loud"
[stop]
drain_timeout = -1.0
"""
    )
    expected = [
        ("listen.host", 2, "'0.0.0.0' (string)", "loopback"),
        ("listen.port", 3, "'8787' (string)", "expected an integer"),
        ("upstream.connect_timeout", 6, "0 (integer)", "expected more than 0"),
        ("log.level", 8, "'loud' (string)", 'expected "debug", "info", "warning" or "error"'),
        ("stop.drain_timeout", 10, "-1.0 (float)", "expected 0 or more"),
    ]
    assert [(p.key, p.line) for p in problems] == [(key, line) for key, line, _, _ in expected]
    for problem, (_, _, found, wanted) in zip(problems, expected, strict=True):
        assert f"found {found}" in problem.message
        assert wanted in problem.message


@every(
    ("text", "key", "line", "said"),
    [
        ("[listen]\nprot = 1", "listen.prot", 2, "did you mean 'port'?"),
        ("\n[upsteam]\nurl = 1", "upsteam", 2, "did you mean 'upstream'?"),
        ("rules.dirctory = 'x'", "rules.dirctory", 1, "did you mean 'directory'?"),
        (
            "zzz = 1",
            "zzz",
            1,
            "expected one of: listen, upstream, limits, rules, breaker, shadow, capture, journal, log, stop",
        ),
        ("[log]\nzzz = 1", "log.zzz", 2, "expected one of: level, format"),
        ("listen = 3", "listen", 1, "found a value that is not shown here, expected a table"),
        ("listen = [{}]", "listen", 1, "expected a table"),
    ],
)
def test_an_unknown_key_or_a_wrong_shape_is_reported_with_help(text: str, key: str, line: int, said: str) -> None:
    [problem] = problems_of(text)
    assert (problem.key, problem.line) == (key, line)
    assert said in problem.message


@every(
    "text",
    [
        "listen.port = 65536",
        "listen.port = -1",
        "listen.port = 80.0",
        "listen.port = true",
        "rules.max_body = -1",
        "upstream.idle_timeout = 0.0",
        "upstream.idle_timeout = nan",
        "upstream.url = 5",
        "rules.directory = 5",
        "log.format = 'xml'",
        "log.level = 'INFO'",
    ],
)
def test_values_out_of_range_or_of_a_wrong_type_are_refused(text: str) -> None:
    [problem] = problems_of(text)
    assert (problem.key, problem.line) == (text.partition(" ")[0], 1)


@every(
    ("setting", "path", "value"),
    [
        ("listen.port=0", ("listen", "port"), 0),
        ("listen.host=::1", ("listen", "host"), "::1"),
        ('listen.host="localhost"', ("listen", "host"), "localhost"),
        ("upstream.url=http://127.0.0.1:9000/a=b", ("upstream", "url"), "http://127.0.0.1:9000/a=b"),
        ("upstream.connect_timeout=0.5", ("upstream", "connect_timeout"), 0.5),
        ("upstream.idle_timeout=3", ("upstream", "idle_timeout"), 3.0),
        ("log.level=debug", ("log", "level"), "debug"),
        ("log={ level = 'error' }", ("log", "level"), "error"),
        ("rules.directory=", ("rules", "directory"), ""),
    ],
)
def test_a_setting_is_toml_where_it_is_toml_and_text_otherwise(setting: str, path: tuple[str, str], value: Any) -> None:
    config = config_of(SHIPPED.read_text("utf-8"), setting)
    assert getattr(getattr(config, path[0]), path[1]) == value


def test_settings_override_the_file_and_one_another_in_order() -> None:
    config = config_of("listen.port = 1\nlisten.host = '::1'", "listen.port=2", "listen.port=3")
    assert (config.listen.port, config.listen.host) == (3, "::1")


def test_a_setting_mends_a_fault_of_the_file() -> None:
    assert config_of("listen.port = 'x'", "listen.port=1").listen.port == 1


@every(
    ("setting", "key"),
    [
        *(("listen.port", "listen"), ("", ""), ("=1", ""), (".port=1", ""), ("listen.=1", "listen")),
        *(("listen..port=1", "listen"), ("listen.token:planted", "listen"), ("planted", ""), ("planted.a", "")),
    ],
)
def test_a_setting_that_is_none_is_reported_with_an_example_of_one_and_not_shown(setting: str, key: str) -> None:
    [problem] = problems_of("", setting)
    assert (problem.source, problem.line, problem.key) == ("--set", 0, key)
    assert "KEY=VALUE" in problem.message
    assert "planted" not in str(problem)


@pytest.mark.parametrize("text", ["[listen]\nport = 1", "listen.port = 1"])
def test_a_setting_below_something_that_is_no_table_is_reported(text: str) -> None:
    [problem] = problems_of(text, "listen.port.x=1")
    assert problem.source == "--set"
    assert "port is not a table" in problem.message


def test_faults_of_settings_and_file_are_reported_together_each_at_its_place() -> None:
    problems = problems_of("[listen]\nport = 'x'", "log.level=loud", "log.fromat=json", "bad")
    assert {(p.source, p.line, p.key) for p in problems} == {
        ("c.toml", 2, "listen.port"),
        ("--set", 0, "log.level"),
        ("--set", 0, "log.fromat"),
        ("--set", 0, ""),
    }


def test_nothing_is_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLACE", "elsewhere")
    assert config_of("rules.directory = '${PLACE}/~'").rules.directory == "${PLACE}/~"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.255.0.9", "::1", "localhost"])
def test_a_loopback_host_is_accepted(host: str) -> None:
    assert config_of(f"listen.host = '{host}'").listen.host == host


@every("host", ["0.0.0.0", "::", "192.168.0.1", "10.0.0.1", "128.0.0.1", "fe80::1"])
def test_a_host_that_others_can_reach_is_taken_only_with_a_token(host: str) -> None:
    [problem] = problems_of(f"listen.host = '{host}'")
    assert problem.key == "listen.host"
    assert "loopback" in problem.message
    assert "listen.token" in problem.message
    assert config_of(f"listen.host = '{host}'\nlisten.token = '{TOKEN}'").listen.host == host


@pytest.mark.parametrize("host", ["example.com", "localhost.evil", "", "127.0.0.1:80"])
def test_a_host_is_an_address_or_localhost(host: str) -> None:
    [problem] = problems_of(f"listen.host = '{host}'\nlisten.token = '{TOKEN}'")
    assert "expected an address" in problem.message


@every("name", ["devbox", "dev-box.lan", "devbox.lan:443", "192.168.0.7", "[::1]:8443"])
def test_a_name_may_have_a_port(name: str) -> None:
    assert config_of(f"listen.names = ['{name}']").listen.names == [name]


@every("name", ["", "http://devbox", "devbox/", "devbox:port", "dev box", "*"])
def test_what_no_host_header_could_say_is_no_name(name: str) -> None:
    [problem] = problems_of(f"listen.names = ['{name}']")
    assert (problem.key, problem.line) == ("listen.names[0]", 1)


@pytest.mark.parametrize("proxy", ["", "http://127.0.0.1:3128", "http://user:planted@proxy.lan"])
def test_a_proxy_is_an_http_url(proxy: str) -> None:
    assert config_of(f"upstream.proxy = '{proxy}'").upstream.proxy == proxy


@every(
    ("text", "key"),
    [
        ("listen.token = 'planted short'", "listen.token"),
        ("listen.token = 'planted-but-caf\u00e9-and-long'", "listen.token"),
        ("upstream.proxy = 'https://user:planted@proxy.lan'", "upstream.proxy"),
        ("upstream.url = 'https://user:planted@host'", "upstream.url"),
        ("upstream.url = 'https://host/planted?a'", "upstream.url"),
        ("upstream.url = 'htp://host/planted'", "upstream.url"),
        ("upstream.url = ['planted']", "upstream.url"),
        ("upstream.url.planted = 'planted'", "upstream.url"),
        ("upstream = 'http://user:planted@host'", "upstream"),
        ("[[upstream]]\nurl = 'planted'", "upstream"),
        ("[[listen]]\ntoken = 'planted'", "listen"),
        ("upstream.proxy = 'socks5://user:planted@proxy.lan'", "upstream.proxy"),
        ("upstream.proxy = 'http://user:planted@proxy.lan/path'", "upstream.proxy"),
    ],
)
def test_a_secret_is_not_shown_though_it_is_wrong(text: str, key: str) -> None:
    [problem] = problems_of(text)
    assert problem.key == key
    assert "planted" not in str(problem)
    assert "expected" in problem.message


def test_a_token_in_a_file_beside_the_settings_is_in_force_and_allows_an_open_address(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    (tmp_path / "rules").mkdir()
    config.write_text('[listen]\nhost = "0.0.0.0"\n')
    with pytest.raises(toml.TomlError, match=r"set listen\.token first"):
        load(config)
    (tmp_path / "listen.token").write_text(f"{TOKEN}\n")
    assert load(config).listen.token == TOKEN
    assert load(config, ["listen.token=fedcba9876543210"]).listen.token == "fedcba9876543210"
    (tmp_path / "listen.token").write_text("\n")
    config.write_text(f"[listen]\ntoken = '{TOKEN}'\n")
    assert load(config).listen.token == TOKEN


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"planted", "expected at least 16 visible ASCII characters, or none"),
        (b"planted\xff", "cannot be read: no text in UTF-8"),
        (None, "cannot be read: found a folder, expected a file"),
    ],
)
def test_a_token_file_that_cannot_be_used_is_named_and_not_its_content(
    tmp_path: Path, content: bytes | None, said: str
) -> None:
    config, file = tmp_path / "config.toml", tmp_path / "listen.token"
    config.write_text("listen = {}\n")
    if content is None:
        file.mkdir()
    else:
        file.write_bytes(content)
    with pytest.raises(toml.TomlError) as raised:
        load(config)
    assert f"{file}: listen.token: " in str(raised.value)
    assert said in str(raised.value)
    assert "planted" not in str(raised.value)


def test_a_ca_file_is_relative_to_the_configuration_and_must_be_usable(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    (tmp_path / "rules").mkdir()
    config.write_text('[upstream]\nca_file = "ca.pem"\n')
    with pytest.raises(toml.TomlError) as missing:
        load(config)
    assert [str(problem) for problem in missing.value.problems] == [
        f"{config}:2: upstream.ca_file: cannot be used: No such file or directory: {tmp_path / 'ca.pem'}"
    ]
    (tmp_path / "ca.pem").write_text("nothing of the kind")
    with pytest.raises(toml.TomlError, match="no PEM certificates"):
        load(config)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8787", "http://localhost:8787/prefix", "http://[::1]:8787"])
def test_an_upstream_that_is_this_proxy_is_refused(tmp_path: Path, url: str) -> None:
    config = tmp_path / "config.toml"
    config.write_text(f"[upstream]\nurl = '{url}'\n")
    with pytest.raises(toml.TomlError, match="every request would come back"):
        load(config)


@every(
    "url",
    ["https://api.anthropic.com", "http://127.0.0.1:9000", "http://[::1]:80/", "https://h/a/prefix", "https://h/a/b/"],
)
def test_an_upstream_may_have_a_port_and_a_path_prefix(url: str) -> None:
    assert config_of(f"upstream.url = '{url}'").upstream.url == url


@every(
    ("url", "said"),
    [
        ("https://user@h", "user name and password"),
        ("https://user:secret@h", "user name and password"),
        ("https://:secret@h", "user name and password"),
        ("https://h/?a=b", "query and fragment"),
        ("https://h/#part", "query and fragment"),
        ("ftp://h", "http or https"),
        ("file:///etc", "http or https"),
        ("h.example", "http or https"),
        ("//h.example", "http or https"),
        ("https://", "http or https"),
        ("http://[::1", "http or https"),
        ("http://h:port", "http or https"),
        ("http://h:65536", "http or https"),
        ("", "http or https"),
    ],
)
def test_an_upstream_that_is_no_plain_http_url_is_refused(url: str, said: str) -> None:
    [problem] = problems_of(f"upstream.url = '{url}'")
    assert said in problem.message


def test_a_configuration_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Config().listen.port = 1  # type: ignore[misc]


def test_a_relative_rules_directory_is_relative_to_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "etc" / "mine").mkdir(parents=True)
    (tmp_path / "etc" / "c.toml").write_text("rules.directory = 'mine'")
    monkeypatch.chdir(tmp_path)
    for path in (Path("etc/c.toml"), tmp_path / "etc" / "c.toml"):
        assert Path(load(path).rules.directory) == tmp_path.resolve() / "etc" / "mine"


def test_an_absolute_rules_directory_stays(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "c.toml").write_text(f"rules.directory = '{tmp_path / 'mine'}'")
    assert Path(load(tmp_path / "c.toml").rules.directory) == tmp_path / "mine"


def test_settings_apply_when_a_file_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "c.toml").write_text("")
    assert load(tmp_path / "c.toml", ["listen.port=5"]).listen.port == 5


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("missing.toml", "No such file"),
        ("folder.toml", "found a folder, expected a file"),
        ("latin1.toml", "found the byte 0xe9, expected text in UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_problem_that_names_it(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "latin1.toml").write_bytes(b"# caf\xe9\n")
    with pytest.raises(toml.TomlError) as raised:
        load(tmp_path / name)
    [problem] = raised.value.problems
    assert problem.source == str(tmp_path / name)
    assert re.search(said, problem.message)


def test_a_file_that_is_not_toml_is_a_problem_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text("[listen]\nport = = 1\n")
    with pytest.raises(toml.TomlError) as raised:
        load(tmp_path / "c.toml")
    assert [problem.line for problem in raised.value.problems] == [2]


@pytest.mark.parametrize("setting", ["listen={port=99999}", "nope.x=1"])
def test_a_faulty_setting_is_not_blamed_on_the_file(setting: str) -> None:
    assert [problem.source for problem in problems_of("[listen]\nport = 1\n", setting)] == ["--set"]


@every("url", [" https://x", "https://a b", "http://h?", "http://h#", "http://@h"])
def test_an_upstream_url_is_taken_at_its_word(url: str) -> None:
    assert problems_of(f'[upstream]\nurl = "{url}"\n')


@pytest.mark.parametrize("key", ["upstream.connect_timeout", "upstream.idle_timeout", "stop.drain_timeout"])
def test_no_time_is_endless(key: str) -> None:
    assert problems_of("", f"{key}=inf")


@pytest.mark.parametrize("setting", [None, "rules.directory=gone"], ids=["in the file", "on the command line"])
@pytest.mark.parametrize(
    ("there", "said"), [(None, "No such file or directory"), ("file", "found no folder, expected one of rule files")]
)
def test_a_rules_directory_that_is_none_is_a_fault(
    tmp_path: Path, there: str | None, said: str, setting: str | None
) -> None:
    """Served without it, every question would go to the model, and nobody would be told why."""
    (tmp_path / "c.toml").write_text("[rules]\ndirectory = 'gone'\n")
    if there:
        (tmp_path / "gone").write_text("")
    with pytest.raises(toml.TomlError) as raised:
        load(tmp_path / "c.toml", [setting] if setting else [])
    [problem] = raised.value.problems
    place = ("--set", 0) if setting else (str(tmp_path / "c.toml"), 2)
    assert (problem.source, problem.line, problem.key) == (*place, "rules.directory")
    assert said in problem.message


def test_a_token_at_fault_is_one_fault_and_the_open_address_behind_it_none() -> None:
    (problem,) = problems_of("[listen]\nhost = '0.0.0.0'\ntoken = 'short'\n")
    assert problem.key == "listen.token"


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "c.toml").write_bytes(b"\xef\xbb\xbf[listen]\r\nport = 5\r\n")
    assert load(tmp_path / "c.toml").listen.port == 5


@pytest.mark.parametrize(
    ("content", "line", "said"),
    [
        ("[listen]\nport = 5\n# caf\xe9\n".encode("latin-1"), 3, "found the byte 0xe9"),
        (b"\xef\xbb\xbf# one\n# two\xff\n", 2, "found the byte 0xff"),
        ("[listen]\nport = 5\n".encode("utf-16"), 1, "found UTF-16"),
    ],
)
def test_text_that_is_not_utf_8_is_told_with_its_line(tmp_path: Path, content: bytes, line: int, said: str) -> None:
    (tmp_path / "c.toml").write_bytes(content)
    with pytest.raises(toml.TomlError) as raised:
        load(tmp_path / "c.toml")
    [problem] = raised.value.problems
    assert (problem.line, problem.message) == (line, f"{said}, expected text in UTF-8")
