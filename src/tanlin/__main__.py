"""The `tanlin` command, also `python -m tanlin`."""


def main() -> None:
    """Run the command line; the import is late so that `import tanlin` stays light."""
    from tanlin.web.command import main as run

    run()


if __name__ == "__main__":
    main()
