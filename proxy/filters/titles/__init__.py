"""What a message is about: titles, topics and gerunds, made of its own words.

A title stays in a person's list for good, so one is given only when it can be said why it is right. Being certain takes
positive evidence, in this order; the first that is missing declines, with that reason, and the model names the session.

1.  The message has at most `session_title.LIMIT` characters and `prose.LINES` lines.
2.  What the client, an editor, an issue form or another program put around it is known and left out: wrappers, a role
    that is given to the assistant, fields and boxes of forms, sections of what is expected or holds in general, the
    items of a list behind prose. Pasted traces, logs, prompts and code are told from what the user wrote (`prose`).
3.  What the user wrote is in English alone: words that other languages have as well are no evidence of it.
    In any language there is a name for a message that has one error of its own (`errors`), and for one that has one
    ticket or one address of a forge or tracker (`sentences.reference_of`).
4.  One of the first four sentences, near the beginning, is read; greetings and sentences that ask nothing may stand
    before it (`sentences`). Links, secrets, addresses and assignments in what it asks for are not understood (`lexer`,
    `names`).
5.  It fits a known frame: a verb that asks and its object (`requests`), what a thing is made to be or do (`making`), a
    question for how, why, where, who or which (`questions`), a report of what goes wrong (`reports`), which is what
    stands behind "but". All verbs are in tables (`verbs`), and one that may as well be the first noun of a name
    ("merge conflicts") needs an article, a name or a lead. What is denied is called a problem, with the
    noun of what does not happen.
6.  The thing that it is about is a noun phrase that ends where a clause may end, or is told apart by what was
    understood of it (`clause`, `words`). It does not only point ("this", "it").
7.  Nothing that turns the meaning ("not", "only", "without") stands in what the title leaves out of its sentence, but
    for what it might have been instead ("rather than wav", "and not by title"). A verb that ends, prevents or undoes
    something (`turns`) is said in the title, by its word or its noun (`turning`), and nothing behind the request takes
    it back (`retracted`).
8.  It fits: two to five words, the thing with the noun of what is to become of it ("refactoring") and its place. Places
    that say little go first where there is no room; what is left names something in particular (`fitting`, `shape`).
9.  Every name in the request is in the title, and every ticket of the message; the message asks for one thing.
10. Where no frame fits, the title is the thing alone (`things`): what stands before a verb, an auxiliary or the end of
    its clause. It may be thin, and it asserts nothing but what the sentence says of it in one word ("slow gantt view").
    What is asked is not asserted, and what is not to be is called that, or is named alone.

A slash command with plain arguments (`commands`), a ticket or the address of one pull request or issue, a plan's own
heading, and a pasted error (`errors`) have shorter ways: there the form itself is the evidence.
"""
