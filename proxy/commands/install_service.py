"""`install-service` and `uninstall-service`: write and remove the service manager's files."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from proxy.commands import init
from proxy.commands.units import (
    INSTANCES,
    LABEL,
    SYSTEMD,
    Service,
    address,
    is_ours,
    launch_agent,
    out_of_sight,
    systemd_unit,
    template,
)
from proxy.machine.disk import replace_file
from proxy.settings import client_settings, config, places, toml

_IN_HOME = """{path}: a system service does not see this place, so it cannot run the program there.
Install it for the machine (`sudo pipx install --global .`), or take a service of your own: add --user."""
_NO_DAEMON = "On macOS, Sidestep is a launch agent of yours: add --user."
_FOREIGN = "{path}: not written by Sidestep, and left as it is. Move it away to go on."
_NO_PORT = "listen.port = 0: a service needs a port of its own."


class NotPossibleError(Exception):
    """Nothing was done; the text says why."""


@dataclass(frozen=True, slots=True)
class Job:
    """One call: the user's or the machine's service, the platform (`sys.platform`), and the root folder."""

    user: bool
    root: Path
    dry: bool
    platform: str

    @property
    def installed(self) -> places.Places:
        return places.for_user(self.platform) if self.user else places.for_system(self.platform)

    @property
    def there(self) -> places.Places:
        """Where files are written: `installed`, below the root."""
        return self.installed.below(self.root)

    @property
    def launchd(self) -> bool:
        return self.platform == "darwin"

    @property
    def files(self) -> list[Path]:
        names = (f"{LABEL}.plist",) if self.launchd else SYSTEMD if self.user else SYSTEMD + INSTANCES
        return [self.there.services / name for name in names]


def install(job: Job) -> int:
    """Install settings, rules and service; print what was done and the next steps; 1 if it is not possible."""
    before = {path: path.read_bytes() for path in job.files if path.is_file()}
    try:
        for line in _install(job):
            print(line)
    except (NotPossibleError, toml.TomlError) as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(_not_written(job, error), file=sys.stderr)
        return 1
    print("Next:", *(f"  {command}" for command in _next_after_install(job, before)), sep="\n")
    return 0


def uninstall(job: Job) -> int:
    """Remove the service's files; print what was done and the next steps; 1 if it is not possible."""
    try:
        for line in _uninstall(job):
            print(line)
    except NotPossibleError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(_not_written(job, error), file=sys.stderr)
        return 1
    print("Next:", *(f"  {command}" for command in _next_after_uninstall(job)), sep="\n")
    for line in _left_behind(job):
        print(line)
    return 0


def _install(job: Job) -> Iterator[str]:
    _refuse_foreign(job)
    if job.launchd and not job.user:
        raise NotPossibleError(_NO_DAEMON)
    if not job.user and job.root == Path("/"):
        hidden = out_of_sight([Path(sys.executable), Path(sys.executable).resolve(), places.carried()])
        if hidden:
            raise NotPossibleError(_IN_HOME.format(path=hidden))
    for written in init.init(init.Job(places.carried(), job.installed, job.root, job.user, job.dry), restore=False):
        yield f"{written.path}: {written.outcome}"
    settings = job.there.config_file
    listen = config.load(settings if settings.exists() else places.carried() / "config.toml").listen
    if listen.port == 0:
        raise NotPossibleError(_NO_PORT)
    for path, text in _texts(job, address(listen.host, listen.port)).items():
        yield f"{path}: {_put(job, path, text)}"


def _texts(job: Job, listen: str) -> dict[Path, str]:
    service = Service(_program(), ("serve", "--config", str(job.installed.config_file)), listen, _folder())
    if job.launchd:
        return {job.files[0]: launch_agent(service, job.installed.state / "sidestep.log")}
    carried = places.carried() / "systemd" / ("user" if job.user else "")
    units = [systemd_unit((carried / name).read_text("utf-8"), service) for name in SYSTEMD]
    return dict(zip(job.files, [*units, *map(template, units)], strict=False))  # a user has no further instances


def _program() -> tuple[str, ...]:
    """The command that starts this installation: `sidestep`, or the interpreter in a clone."""
    command = Path(sys.executable).with_name("sidestep")
    return (str(command),) if command.exists() else (sys.executable, "-m", "proxy")


def _folder() -> Path | None:
    return places.carried() if places.is_clone() and len(_program()) > 1 else None


def _put(job: Job, path: Path, text: str) -> str:
    before = path.read_text("utf-8") if path.exists() else None
    if before == text:
        return "as it should be"
    if job.dry:
        return "would be written" if before is None else "would be written anew"
    path.parent.mkdir(parents=True, exist_ok=True)
    if job.launchd:
        job.there.state.mkdir(0o700, parents=True, exist_ok=True)
    replace_file(path, text.encode(), 0o644)
    return "wrote" if before is None else "wrote anew"


def _uninstall(job: Job) -> Iterator[str]:
    _refuse_foreign(job)
    for path in job.files:
        if not path.exists():
            yield f"{path}: was not there"
            continue
        for gone in (*_enabled(path), path):
            if not job.dry:
                gone.unlink()
            yield f"{gone}: {'would be removed' if job.dry else 'removed'}"
    yield f"{job.there.config} and {job.there.state}: kept"


def _enabled(unit: Path) -> list[Path]:
    """The links of `systemctl enable`; without the unit they would dangle."""
    links = unit.parent.glob(f"*.wants/{unit.name.replace('@.', '@*.')}")
    return [link for link in sorted(links) if link.is_symlink()]


def _refuse_foreign(job: Job) -> None:
    for path in job.files:
        if path.is_symlink() or (path.exists() and not is_ours(path.read_text("utf-8", errors="replace"))):
            raise NotPossibleError(_FOREIGN.format(path=path))


def _not_written(job: Job, error: OSError) -> str:
    hint = "" if job.user or not isinstance(error, PermissionError) else "; run it with sudo, or add --user"
    return f"{error.filename}: {error.strerror}{hint}"


def _systemctl(job: Job) -> str:
    return "systemctl --user" if job.user else "systemctl"


def _next_after_install(job: Job, before: Mapping[Path, bytes]) -> list[str]:
    """`before`: the service's files before the installation. If there were any, a running service needs a restart."""
    if job.launchd:
        again = [f"launchctl bootout gui/$(id -u)/{LABEL}"] if before else []
        return [*again, f"launchctl bootstrap gui/$(id -u) '{job.files[0]}'", "sidestep doctor --client"]
    control = _systemctl(job)
    start = f"{control} enable --now sidestep.service"  # also reloads units
    doctor = "sidestep doctor --client" if job.user else f"sidestep doctor --config {job.installed.config_file}"
    if not before:
        return [start, doctor]
    moved = any(path.suffix == ".socket" and path.read_bytes() != text for path, text in before.items())
    return [start, f"{control} restart sidestep.{'socket' if moved else 'service'}", doctor]


def _left_behind(job: Job) -> Iterator[str]:
    """Settings that still point a client to Sidestep, where nothing will answer."""
    try:
        listen = config.load(job.there.config_file).listen
    except toml.TomlError:
        listen = config.ListenSettings()
    for place in client_settings.entries(listen):
        yield f"Claude Code is still set to come here, by {client_settings.BASE_URL} in {place}:"
        yield f"  {places.called()} disconnect"
    if not job.user:
        yield f"Whoever used it takes it out of Claude Code's settings: {places.called()} disconnect"


def _next_after_uninstall(job: Job) -> list[str]:
    if job.launchd:
        return [f"launchctl bootout gui/$(id -u)/{LABEL}"]
    units = "sidestep.socket sidestep.service" + ("" if job.user else " 'sidestep@*'")
    return [f"{_systemctl(job)} stop {units}", f"{_systemctl(job)} daemon-reload"]
