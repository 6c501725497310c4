"""What must be true of every step: of money, of answers, of sentences."""
