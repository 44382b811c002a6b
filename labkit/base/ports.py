"""Which ports this lab has, where several run on one machine: a set of ports each, the same at every start.

Set 0 is the usual ports, set 1 is each of them plus one, and so on. Who holds a set listens on one more port, the
set's marker: the system gives it to one process only, so two labs that start at the same instant never share a set.
"""

import socket

from labkit.base import state_file
from labkit.base.paths import HOST, PORTS_FILE, USUAL_PORTS, asked_port, chosen_ports
from labkit.base.processes import is_free, listener, works_here

FIRST_MARKER = 8700
SETS = 60


class NoPortError(Exception):
    """Every set of ports is taken; the message says what to do."""


def claim() -> socket.socket:
    """Take a set of free ports for this lab, the one of its last start if it can be, and write it in data/state/.

    The set is held until the returned socket is closed. A port that LAB_…_PORT imposes is nobody else's business:
    it is left as it is. NoPortError when none is left.
    """
    former = chosen_ports().get("api", USUAL_PORTS["api"]) - USUAL_PORTS["api"]
    for number in dict.fromkeys([former, *range(SETS)]):
        try:
            marker = socket.create_server((HOST, FIRST_MARKER + number))
        except OSError:
            continue
        ports = {service: usual + number for service, usual in USUAL_PORTS.items()}
        if all(map(_is_ours_or_free, (port for service, port in ports.items() if not asked_port(service)))):
            state_file.write(PORTS_FILE, ports)
            return marker
        marker.close()
    raise NoPortError(
        f"Aucun port libre : {SETS} laboratoires tournent déjà sur cette machine. Arrêtez-en un (lab stop), "
        "ou choisissez vos ports avec LAB_API_PORT, LAB_JUPYTER_PORT et LAB_N8N_PORT."
    )


def _is_ours_or_free(port: int) -> bool:
    """Node-RED, started on its own, may hold its port already."""
    return is_free(port) or works_here(listener(port))
