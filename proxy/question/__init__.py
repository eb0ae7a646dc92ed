"""A request's body, read as far as rules need it.

`outline` finds where the values of a JSON object stand, `turns` reads a conversation's messages by it, `inspection`
takes the object apart, and `messages` gives the request of the Messages API.
"""
