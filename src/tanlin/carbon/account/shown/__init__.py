"""What pages show of an account: view models made of published figures. Pure, nothing is derived here."""
