"""The report card: one agent in every split of the exam, and how long its memory lasts."""
