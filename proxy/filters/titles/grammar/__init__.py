"""From sentences to a title: which sentence asks (`sentences`), what it asks for, and what a title says of it.

`requests`, `questions` and `reports` are the frames of whole sentences; `objects`, `making`, `deeds` and `qualities`
are parts of these, and `things` is what is left where none fits. All stand on `clause`, which finds noun phrases;
`fitting` and `shape` make a title of two to five words.
"""
