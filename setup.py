"""Puts what stands at the top of the repository, and is no Python, into the wheel: settings, rules and units."""

import shutil
import tempfile
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

CARRIED = ("config.toml", "rules/*.toml", "systemd/*.*", "systemd/user/*.*")


class Build(build_py):
    def run(self) -> None:
        super().run()
        if self.editable_mode:  # then the program finds them where they are
            return
        for path in (path for pattern in CARRIED for path in sorted(Path().glob(pattern))):
            target = Path(self.build_lib, "proxy/defaults", path)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)


# In a clone, the folder `build` would stay: root's after `sudo pipx install`, and with files in it that a later version
# has no more, but that would come into its wheel.
with tempfile.TemporaryDirectory() as elsewhere:
    setup(
        cmdclass={"build_py": Build},
        options={"build": {"build_base": elsewhere}, "egg_info": {"egg_base": elsewhere}},
    )
