"""`doctor`: find what is wrong on this machine, and say what to do.

Every check gives `Finding`s (`findings`). First what can be seen from here: `configuration`, `files`, `network`,
`manager`; with `--client` also `client`. Then the self-test: a second Sidestep on a free port (`bench`) between a raw
upstream and a raw client, and what it does there (`probes`, `shortcuts`). `examination` is the order of it all. Nothing
here makes a request to the real upstream.
"""
