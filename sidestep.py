"""`sidestep`, the command. Its package is called `proxy`, as others' are; one in its place is told in words."""

import sys


def main() -> int:
    """Run Sidestep, if `proxy` is Sidestep's; else say whose it is not, and what to do."""
    import proxy

    if getattr(proxy, "PROGRAM", "") != "sidestep":
        where = getattr(proxy, "__file__", None) or ", ".join(getattr(proxy, "__path__", ()))
        print(
            f"sidestep: the package `proxy` here is not Sidestep's ({where}): another program has put its own in its "
            "place. Install Sidestep into an environment of its own, as by pipx, and the other one anew.",
            file=sys.stderr,
        )
        return 1
    from proxy.__main__ import main

    return main()


if __name__ == "__main__":
    sys.exit(main())
