"""Behind a proxy, what talks to this machine does not go through it."""

import os

HERE = ("127.0.0.1", "localhost")


def no_proxy() -> dict[str, str]:
    """The variables that keep calls to this machine away from a proxy, beside what they already except.

    Both spellings, because some programs read only one and the small one wins in Python; Windows knows only one.
    """
    excepted = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    hosts = [host for host in excepted.split(",") if host and host not in HERE]
    names = ("NO_PROXY",) if os.name == "nt" else ("NO_PROXY", "no_proxy")
    return dict.fromkeys(names, ",".join([*hosts, *HERE]))
