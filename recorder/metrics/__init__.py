"""What a monitoring system reads of a recorder: Prometheus metrics and health, on a loopback port of their own."""
