"""Activity data as people write them: sheets, cells, units, and the template. Pure."""
