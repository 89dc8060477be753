"""Take an encoder along: its graph with the preprocessing inside, and a card that says what it is."""
