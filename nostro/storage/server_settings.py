"""What the PostgreSQL on this machine is told at each start."""

from __future__ import annotations

import sys

PORT = 5432  # names the socket; no network port is opened

SETTINGS = {
    "listen_addresses": "''",
    "port": str(PORT),
    "max_connections": "200",
    "shared_buffers": "'128MB'",
    # A payment run writes gigabytes: checkpoints in its midst would write whole pages again.
    "max_wal_size": "'2GB'",
    "wal_compression": "on",
    "password_encryption": "'scram-sha-256'",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "log_destination": "'stderr'",
    "log_line_prefix": "'%m [%p] %q%u@%d '",
} | ({"tcp_user_timeout": "'30s'"} if sys.platform == "linux" else {})
