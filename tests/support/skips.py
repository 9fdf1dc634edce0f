"""With TANLIN_NO_SKIP=1 every skipped test is a failure, listed at the end of the session."""

import os

import pytest


class NoSkip:
    """Plugin of the session that reports: the only one, or the controller of several workers."""

    def __init__(self) -> None:
        self.skipped: list[tuple[str, str]] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and not hasattr(report, "wasxfail"):
            self._note(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self._note(report)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.skipped and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.skipped:
            terminalreporter.section("skipped, and TANLIN_NO_SKIP is set", red=True)
            for name, reason in self.skipped:
                terminalreporter.line(f"{name}: {reason}", red=True)

    def _note(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        self.skipped.append((report.nodeid, reason))


def install(config: pytest.Config) -> None:
    """Register the plugin where the environment asks for it."""
    if os.environ.get("TANLIN_NO_SKIP") == "1" and not hasattr(config, "workerinput"):
        config.pluginmanager.register(NoSkip(), "tanlin-no-skip")
