"""Puts what stands at the top of the repository, and is no Python, into the wheel: settings, rules and units."""

import shutil
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


setup(cmdclass={"build_py": Build})
