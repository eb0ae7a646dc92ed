"""What a message is about: titles, topics and gerunds, made of its own words.

A title stays in a person's list for good, so one is given only when it can be said why it is right. Being certain takes
positive evidence, in this order; the first that is missing declines, with that reason, and the model names the session.

1.  The message has at most `session_title.LIMIT` characters and `prose.LINES` lines.
2.  What the client, an editor or another program put around it is known and left out; pasted traces, logs, prompts and
    code are told from what the user wrote (`prose`). A message that begins like a template is not read.
3.  What the user wrote is in English alone.
4.  One of the first three sentences, near the beginning, is read; greetings and short sentences may stand before it
    (`sentences`). Every sign of it is understood: words, names, numbers, punctuation. Links, secrets, addresses and
    assignments are not (`lexer`, `names`).
5.  It fits a known frame: a verb that asks and its object (`requests`, `verbs`), a question for how, why, where or who,
    a report of what fails (`questions`). A word that no table has is a verb only before an article.
6.  The thing that it is about is a whole noun phrase, and ends where a clause may end: no small word, verb or adverb of
    the language stands in it or right behind it (`phrases`, `lexicon`). It does not only point ("this", "it").
7.  Nothing that turns the meaning ("not", "only", "without", "instead") stands in what the title leaves out of its
    sentence (`clauses`).
8.  It fits: two to five words, the thing first, then the noun of what is to become of it ("refactoring"), then its
    place. A place with a name, a number or a capital letter is never dropped, and what is left names something in
    particular (`titling`).
9.  Every name in the request is in the title, and every ticket of the message; the message asks for one thing.

A slash command with plain arguments (`commands`), the address of one pull request or issue, a plan's own heading, and
one pasted error with the file that raised it (`errors`) have shorter ways: there the form itself is the evidence.
"""
