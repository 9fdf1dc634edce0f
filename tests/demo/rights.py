"""Expectations of the rights matrix: published figures belong to no place and are open to every login."""

from tests.support.world import Row

ROWS = [Row("demo:published", right="any", scope="site")]
