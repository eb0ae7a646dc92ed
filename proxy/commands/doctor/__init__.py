"""`doctor`: find what is wrong on this machine, and say what to do.

Every check gives `Finding`s (`findings`). First what can be seen from here: `configuration`, `files`, who is at the
address (`local`), the way to the upstream (`network`), `manager`; with `--client` also `client`. Then the self-test: a
second Sidestep on a free port (`bench`) between a raw upstream and a raw client, and what it does there (`probes`,
`shortcuts`). `examination` is the order of it all. The real upstream is connected to; it is asked nothing, unless by
`--ask`.
"""
