"""A Zenoh session of a peer: links, certificates, and who may say what."""

import json
from typing import Any

from counterpoint.engines.zenoh.extras import needed
from counterpoint.engines.zenoh.settings import LineSettings
from counterpoint.errors import UserError

ROOT = "counterpoint"
SPARE = 2**16
"""Bytes of a message beside a package."""
SAYS = ["put", "delete", "liveliness_token", "declare_queryable", "reply"]
ASKS = ["declare_subscriber", "query", "liveliness_query", "declare_liveliness_subscriber"]
PATIENCE = 2_000_000
"""Microseconds that a full queue of a link may stand still, then the link is closed: its peer hangs."""
OPENING = 2000
"""Milliseconds in which a link must be open: one to a peer that hangs would keep a session from closing."""
LEASE = 4000
"""Milliseconds without a sign of life after which a link counts as broken; one that is closed is known at once."""


def open_session(settings: LineSettings) -> Any:
    """A session in peer mode.

    With certificates, a link needs one of the authority on both of its ends, and what is said under the keys of a peer
    is heard only from a link whose certificate has that peer's name.

    Raises:
        UserError: the extra `peer` is not installed, a certificate cannot be read, or an address is taken.
    """
    zenoh = needed("zenoh")
    try:
        return zenoh.open(zenoh.Config.from_json5(json.dumps(configuration(settings))))
    except zenoh.ZError as error:
        told = str(error).split(" at ")[0]
        raise UserError(f"peer {settings.id} cannot open its line at {', '.join(settings.listen)}: {told}") from error


def configuration(settings: LineSettings) -> dict[str, Any]:
    """What Zenoh is told."""
    others = [p.endpoint for n, p in settings.peers.items() if n != settings.id and p.endpoint]
    found: dict[str, Any] = {
        "mode": "peer",
        "listen": {"endpoints": settings.listen, "exit_on_failure": True},
        "connect": {
            "endpoints": [] if settings.discovery else others,
            "timeout_ms": -1,
            "exit_on_failure": False,
            "retry": {"period_init_ms": 200, "period_max_ms": 1000, "period_increase_factor": 1.5},
        },
        "scouting": {
            "multicast": {"enabled": settings.discovery},
            "gossip": {"enabled": settings.discovery},
        },
        "open": {"return_conditions": {"connect_scouted": False, "declares": False}},
        "transport": {
            "link": {
                "rx": {"max_message_size": settings.max_bytes + SPARE},
                "tx": {
                    "lease": LEASE,
                    "keep_alive": 4,
                    "queue": {"congestion_control": {"block": {"wait_before_close": PATIENCE}}},
                },
            },
            "shared_memory": {"enabled": False},
            "unicast": {"open_timeout": OPENING, "accept_timeout": OPENING},
        },
    }
    if settings.tls is not None:
        found["transport"]["link"] |= {
            "protocols": ["tls"],
            "tls": {
                "enable_mtls": True,
                "root_ca_certificate": settings.tls.authority,
                "listen_certificate": settings.tls.certificate,
                "listen_private_key": settings.tls.key,
                "connect_certificate": settings.tls.certificate,
                "connect_private_key": settings.tls.key,
                "close_link_on_expiration": True,
            },
        }
        found["access_control"] = _access(settings)
    return found


def _access(settings: LineSettings) -> dict[str, Any]:
    """Each peer speaks under keys of its own; all that are known may ask."""
    others = {n: peer.name for n, peer in settings.peers.items() if n != settings.id}
    everything = f"{ROOT}/{settings.run}/**"

    def rule(name: str, messages: list[str], flow: str, where: str) -> dict[str, Any]:
        return {"id": name, "messages": messages, "flows": [flow], "permission": "allow", "key_exprs": [where]}

    rules = [rule(f"says {n}", SAYS, "ingress", key(settings.run, n, "**")) for n in others]
    rules += [rule("asks", ASKS, "ingress", everything), rule("out", SAYS + ASKS, "egress", everything)]
    return {
        "enabled": True,
        "default_permission": "deny",
        "rules": rules,
        "subjects": [{"id": f"peer {n}", "cert_common_names": [name]} for n, name in others.items()],
        "policies": [{"rules": [f"says {n}", "asks", "out"], "subjects": [f"peer {n}"]} for n in others],
    }


def key(run: str, peer: int, what: str) -> str:
    """Under which a peer says something."""
    return f"{ROOT}/{run}/{peer}/{what}"
