"""The claim check: what a published number would need to be true."""
