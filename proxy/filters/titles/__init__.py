"""What a message is about: titles, topics and gerunds, made of its own words in its own language."""
