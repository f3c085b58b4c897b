"""Web pages: the officials' console and the web chat's page, their styles, scripts and HTTP
manners.

Nothing here decides, remembers or talks to a villager: it shows what other rooms give it. Sentences
live in `templates/`, never in Python or in scripts; every style and script comes from `static/`, so
that the content policy can forbid anything inline and anything from another host.
"""
