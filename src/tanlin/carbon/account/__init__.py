"""The account of a place and year to the GPC: metered and entered activities as lines, and what is summed of them."""
