"""From a message's text to words: `prose` finds what the user wrote, `lexer` its tokens, `line` a sentence's verbs."""
