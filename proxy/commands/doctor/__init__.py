"""`doctor`: finds what is wrong on this machine, and says what to do.

Every check returns `Finding`s (`findings`). First the surroundings: `configuration`, `files`, the process at the
address (`local`), the way to the upstream (`network`), `manager`; with `--client` also `client`. Then the self-test: a
second Sidestep on a free port (`bench`), between a raw upstream and a raw client, with `probes` and `shortcuts`.
`examination` runs everything in order. The real upstream is connected to, but gets a request only with `--ask`.
"""
