"""The devices' own connections: what they are told over them, and remote viewing through them."""
