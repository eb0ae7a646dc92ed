"""The English that titles know: tables of words, of verbs with their nouns, and of what may stand around a request."""
