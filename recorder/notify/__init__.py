"""Remote event notices (M8): events told by webhook, MQTT and mail."""
