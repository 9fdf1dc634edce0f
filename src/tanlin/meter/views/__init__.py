"""Pages of the room: the registry and the import wizard."""
