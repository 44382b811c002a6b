"""What a hub starts for a trainee: a copy of the lab of their own, made the first time, then JupyterLab in it."""

import os
import shutil
import sys
from pathlib import Path

from labkit.base.proxies import no_proxy

LAB = Path(__file__).resolve().parents[2]
TRAINEE_S_OWN = ("notebooks", "solutions", "labs", "n8n", "docs", "data/README.md", "data/samples")
N8N = "n8n/node_modules"


def make_copy(root: Path) -> None:
    """The trainee's own files under `root`; n8n itself, 2.8 GB, is the one of the lab that everybody shares."""
    beside = root.with_name(f".{root.name}-en-cours")
    shutil.rmtree(beside, ignore_errors=True)
    for name in TRAINEE_S_OWN:
        source, target = LAB / name, beside / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(
                source, target, ignore=shutil.ignore_patterns("node_modules", "sauvegardes", "__pycache__")
            )
        else:
            shutil.copy(source, target)
    (beside / N8N).symlink_to(LAB / N8N)
    beside.chmod(0o700)
    beside.rename(root)


def main() -> None:
    root = Path(os.environ.setdefault("LAB_ROOT", str(Path.home() / "labo")))
    if not root.exists():
        try:
            make_copy(root)
        except OSError as problem:
            sys.exit(f"{root} n'a pas pu être fait ({problem}) : voyez la place et les droits de ce dossier.")
    # Its terminals and kernels know the command `lab`, and call this machine without a proxy.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    os.environ.update({"PATH": path, "JUPYTER_PREFER_ENV_PATH": "1"} | no_proxy())
    config = LAB / "labkit" / "services" / "jupyter" / "server_config.py"
    server = [sys.executable, "-m", "jupyterhub.singleuser", f"--config={config}", *sys.argv[1:]]
    os.execv(server[0], server)


if __name__ == "__main__":
    main()
