"""What is written on the wall: a pure model in Japanese and English, and its drawing."""
