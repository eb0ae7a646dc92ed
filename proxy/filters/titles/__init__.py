"""What a message is about: titles, topics and gerunds, made of its own words.

A title stays in a person's list for good, so one is given only when it can be said why it is right. Being certain takes
positive evidence, in this order; the first that is missing declines, with that reason, and the model names the session.

1.  The message has at most `session_title.LIMIT` characters and `prose.LINES` lines.
2.  What the client, an editor, an issue form or another program put around it is known and left out; pasted traces,
    logs, prompts and code are told from what the user wrote (`prose`). A message that begins like a template is not
    read, unless it names its task.
3.  What the user wrote is in English alone.
4.  One of the first three sentences, near the beginning, is read; greetings and short sentences that ask nothing may
    stand before it (`sentences`). Links, secrets, addresses and assignments in what it asks for are not understood
    (`lexer`, `names`).
5.  It fits a known frame: a verb that asks and its object (`requests`), a question for how, why, where or who, a
    report of what goes wrong (`reports`). All verbs are in tables (`verbs`), and one that may as well be the first noun
    of a name ("merge conflicts") needs an article, a name or a lead. A report keeps its verb with the whole object, and
    what it tells is a fault by itself; what is denied is called a problem, with the noun of what does not happen. If a
    later sentence asks for something else, a report gives no title.
6.  The thing that it is about is a noun phrase that ends where a clause may end: no small word, verb or adverb of the
    language stands in it or right behind it (`clause`, `words`). It does not only point ("this", "it"), and where a
    clause behind it tells it apart, it has a name of its own (`frames`).
7.  Nothing that turns the meaning ("not", "only", "without") stands in what the title leaves out of its sentence.
8.  It fits: two to five words, the thing with the noun of what is to become of it ("refactoring") and its place. Places
    that say little go first where there is no room, but none that carries the point ("wrap with", "convert to",
    "between"); what is left names something in particular (`shape`).
9.  Every name in the request is in the title, and every ticket of the message; the message asks for one thing.

A slash command with plain arguments (`commands`), a ticket or the address of one pull request or issue, a plan's own
heading, and one pasted error with its file or with what it says (`errors`) have shorter ways: there the form
itself is the evidence.
"""
