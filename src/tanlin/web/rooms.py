"""The rooms of this installation, in the order of the layers. Plain data, so that a pure command starts at once."""

ROOMS: tuple[str, ...] = ("readings", "community", "record", "meter", "carbon", "web", "demo")
