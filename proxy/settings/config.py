"""`config.toml` to a frozen, validated `Config`. All problems are reported together, each with its key and line."""

import re
import ssl
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PrivateAttr, ValidationError
from pydantic_core import ErrorDetails
from yarl import URL

from proxy.machine.disk import NotUtf8Error, must_be_file, read_text
from proxy.settings import places, toml, validators, wording

_KEY = re.compile(r"[\w-]+(?:\.[\w-]+)*", re.ASCII)

_TOKEN_KEY: toml.KeyPath = ("listen", "token")

# Their values are never shown, even if they are wrong: a URL may contain a password, or a key in its path.
_SECRET: set[toml.KeyPath] = {_TOKEN_KEY, ("upstream", "url"), ("upstream", "proxy")}


class Section(BaseModel):
    """Base of all tables: no unknown keys, no conversions ("8787" is not a port)."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)


_File = Annotated[str, AfterValidator(validators.file)]


class ListenSettings(Section):
    token: Annotated[str, AfterValidator(validators.token)] = ""
    """Must be first, since the validation of `host` uses it."""
    host: Annotated[str, AfterValidator(validators.address)] = "127.0.0.1"
    port: int = Field(8787, ge=0, le=65535)
    names: list[Annotated[str, AfterValidator(validators.name)]] = []
    keepalive_timeout: float = Field(3600.0, gt=0, allow_inf_nan=False)


class UpstreamSettings(Section):
    url: Annotated[str, AfterValidator(validators.upstream)] = "https://api.anthropic.com"
    connect_timeout: float = Field(10.0, gt=0, allow_inf_nan=False)
    idle_timeout: float = Field(900.0, gt=0, allow_inf_nan=False)
    keepalive_timeout: float = Field(30.0, gt=0, allow_inf_nan=False)
    max_idle_connections: int = Field(64, ge=0)
    kind: Literal["remote", "local"] = "remote"
    rate_limits: bool = True
    ca_file: _File = ""
    proxy: Annotated[str, AfterValidator(validators.proxy)] = ""


class LimitsSettings(Section):
    head_timeout: float = Field(30.0, gt=0, allow_inf_nan=False)
    body_timeout: float = Field(60.0, gt=0, allow_inf_nan=False)


class Override(Section):
    """Replaces values of a rule's file; None leaves them."""

    status: Literal["on", "shadow", "off"] | None = None
    audit: float | None = Field(None, ge=0, le=1)
    without: Literal["decline", "answer"] | None = None
    max_age: float | None = Field(None, gt=0, allow_inf_nan=False)
    models: list[Annotated[str, Field(min_length=1)]] | None = None


class RulesSettings(Section):
    directory: _File = "rules"
    max_body: int = Field(8 * 1024 * 1024, ge=0)
    audit: float = Field(0.0, ge=0, le=1)
    audit_limit: float = Field(0.8, ge=0, le=1)
    override: dict[str, Override] = {}


class BreakerSettings(Section):
    window: float = Field(5.0, ge=0, allow_inf_nan=False)
    trips: int = Field(3, ge=1)


class CaptureSettings(Section):
    enabled: bool = False
    file: _File = "state/capture.jsonl"
    max_bytes: int = Field(100 * 1024 * 1024, ge=1024)
    outcomes: list[Literal["answered", "forwarded", "refused", "failed"]] = ["answered", "forwarded", "failed"]


class ShadowSettings(Section):
    file: _File = "state/agreement.json"


class JournalSettings(Section):
    enabled: bool = True
    path: _File = "state/journal.sqlite"
    max_age: float = Field(90 * 86400.0, ge=3600, allow_inf_nan=False)
    max_bytes: int = Field(256 * 1024 * 1024, ge=1024 * 1024)


Level = Literal["debug", "info", "warning", "error"]


class LogSettings(Section):
    level: Level = "info"
    format: Literal["auto", "console", "json"] = "auto"


class StopSettings(Section):
    drain_timeout: float = Field(60.0, ge=0, allow_inf_nan=False)


@dataclass(slots=True)
class _Origin:
    """Where settings were read from; it does not count in comparisons."""

    document: toml.Document | None = field(default=None, compare=False)
    overridden: dict[toml.KeyPath, str] = field(default_factory=dict, compare=False)
    """Keys that are overridden, and by what."""

    def problem(self, path: toml.KeyPath, message: str) -> toml.Problem:
        unwritten = self.document is None or path not in self.document.lines
        for key, source in self.overridden.items():
            if path[: len(key)] == key or (unwritten and key[: len(path)] == path):
                return toml.Problem(source, 0, toml.dotted(path), message)
        if self.document is None:
            return toml.Problem("settings", 0, toml.dotted(path), message)
        return self.document.problem(path, message)


class Config(Section):
    """Everything that can be set. `config.toml` documents each key; times are in seconds, sizes in bytes."""

    listen: ListenSettings = Field(default_factory=ListenSettings)
    upstream: UpstreamSettings = Field(default_factory=UpstreamSettings)
    limits: LimitsSettings = Field(default_factory=LimitsSettings)
    rules: RulesSettings = Field(default_factory=RulesSettings)
    breaker: BreakerSettings = Field(default_factory=BreakerSettings)
    shadow: ShadowSettings = Field(default_factory=ShadowSettings)
    capture: CaptureSettings = Field(default_factory=CaptureSettings)
    journal: JournalSettings = Field(default_factory=JournalSettings)
    log: LogSettings = Field(default_factory=LogSettings)
    stop: StopSettings = Field(default_factory=StopSettings)
    _origin: _Origin = PrivateAttr(default_factory=_Origin)

    def read_from(self, origin: _Origin) -> Self:
        """Its problems have their places there."""
        self._origin = origin
        return self

    def problem(self, path: toml.KeyPath, message: str) -> toml.Problem:
        """A problem of a setting, with its place, that is found later."""
        return self._origin.problem(path, message)

    def below(self, folder: Path) -> Self:
        """The same configuration with absolute paths: relative ones are below `folder`."""
        rules = self.rules.model_copy(update={"directory": str(folder / self.rules.directory)})
        shadow = self.shadow.model_copy(update={"file": str(folder / self.shadow.file)})
        capture = self.capture.model_copy(update={"file": str(folder / self.capture.file)})
        journal = self.journal.model_copy(update={"path": str(folder / self.journal.path)})
        tables = {"rules": rules, "shadow": shadow, "capture": capture, "journal": journal}
        if self.upstream.ca_file:
            tables["upstream"] = self.upstream.model_copy(update={"ca_file": str(folder / self.upstream.ca_file)})
        return self.model_copy(update=tables)


def origin(text: str) -> str:
    """Scheme, host and port of a URL. The rest is never shown: it may contain a key or a password."""
    url = URL(text)
    return str(URL.build(scheme=url.scheme, host=url.host or "", port=url.explicit_port))


def client_url(listen: ListenSettings) -> str:
    """The base URL for clients on this machine."""
    host = {"localhost": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(listen.host, listen.host)
    return str(URL.build(scheme="http", host=host, port=listen.port))


def load(path: Path, settings: Sequence[str] = ()) -> Config:
    """Read `path` and the file of the local token, then apply `settings`, each `key.path=value` as given to `--set`.

    Raises `toml.TomlError` with all problems of the files and of the settings.
    """
    config = parse(toml.read(path), settings, _token_from(places.token_file(path))).below(path.resolve().parent)
    if problems := [config.problem(key, message) for key, message in _unusable(config)]:
        raise toml.TomlError(problems)
    return config


def _unusable(config: Config) -> Iterator[tuple[toml.KeyPath, str]]:
    """Settings that are well-formed but cannot work."""
    rules = Path(config.rules.directory)
    try:
        if not stat.S_ISDIR(rules.stat().st_mode):
            yield ("rules", "directory"), f"found no folder, expected one of rule files: {rules}"
    except OSError as error:
        yield ("rules", "directory"), f"cannot be read: {error.strerror}: {rules}"
    if config.upstream.ca_file:
        try:
            must_be_file(Path(config.upstream.ca_file))
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(config.upstream.ca_file)
        except OSError as error:  # ssl.SSLError is one
            reason = "no PEM certificates" if isinstance(error, ssl.SSLError) else error.strerror
            yield ("upstream", "ca_file"), f"cannot be used: {reason}: {config.upstream.ca_file}"
    url = URL(config.upstream.url)
    if url.port == config.listen.port and url.host in {config.listen.host, "localhost", "127.0.0.1", "::1"}:
        yield ("upstream", "url"), "this is the address that is listened on: every request would come back"


def _token_from(file: Path | None) -> tuple[str, str]:
    """The file's name and the token in it. Raises `toml.TomlError`, which does not quote the file."""
    try:
        return (str(file), read_text(file).strip()) if file else ("", "")
    except OSError as error:
        # The error itself would quote the secret.
        why = "no text in UTF-8" if isinstance(error, NotUtf8Error) else error.strerror
        problem = toml.Problem(str(file), 0, places.TOKEN_FILE, f"cannot be read: {why}")
        raise toml.TomlError([problem]) from None


def parse(document: toml.Document, settings: Sequence[str] = (), token: tuple[str, str] = ("", "")) -> Config:
    """Validate a document; `token` is a pair of its file and the token. Pure. Raises `toml.TomlError`."""
    values, problems, origin = document.values, [], _Origin(document)
    overridden = origin.overridden
    if token[1] and isinstance(values.get("listen", {}), dict):
        values, overridden[_TOKEN_KEY] = _put(values, _TOKEN_KEY, token[1]), token[0]
    for setting in settings:
        try:
            key, value = _setting(setting)
            values = _put(values, key, value)
            overridden[key] = "--set"
        except ValueError as error:
            table = setting.partition(".")[0]  # only the table: the rest may be a secret
            problems.append(toml.Problem("--set", 0, table if table in Config.model_fields else "", str(error)))
    try:
        config = Config.model_validate(values)
    except ValidationError as error:
        problems += [_problem(origin, detail) for detail in error.errors(include_url=False)]
    if problems:
        raise toml.TomlError(sorted(problems, key=lambda problem: problem.line))
    return config.read_from(origin)


def _setting(setting: str) -> tuple[toml.KeyPath, Any]:
    """`upstream.url=http://…` to a path and a value: TOML if it is valid TOML, else text."""
    key, equals, text = setting.partition("=")
    if not equals or not _KEY.fullmatch(key):
        raise ValueError("expected KEY=VALUE, such as listen.port=9000")
    try:
        value = toml.parse(f"value = {text}", "").values["value"]
    except toml.TomlError:
        value = text
    return tuple(key.split(".")), value


def _put(values: dict[str, Any], path: toml.KeyPath, value: Any) -> dict[str, Any]:
    """A copy of `values` with `value` at `path`."""
    first, *rest = path
    if not rest:
        return {**values, str(first): value}
    inner = values.get(str(first), {})
    if not isinstance(inner, dict):
        raise ValueError(f"{first} is not a table")
    return {**values, str(first): _put(inner, tuple(rest), value)}


def _problem(origin: _Origin, detail: ErrorDetails) -> toml.Problem:
    path = wording.place_of(detail)
    # The path is a secret, or a table that contains one.
    if any(path[: len(secret)] == secret[: len(path)] for secret in _SECRET):
        detail = {**detail, "input": wording.HIDDEN}
    return origin.problem(path, wording.error_text(detail, wording.known_keys(Config, path)))
