"""An account as files: the workbook in GPC layout, its lines, the form of public institutions. Pure."""
