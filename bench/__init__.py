"""Sidestep's speed, measured beside nginx: one run, one machine, both side by side.

    python -m bench [ROW...]      __main__: what to run, what is missing, the exit code
    processes                     the scripted upstream, nginx and Sidestep as processes on loopback
    awake                         keeps the processors from sleeping meanwhile
    upstream                      the scripted upstream itself: precomputed replies, and frames at a pace
    traffic                       what is sent: a conversation as Claude Code holds one, and two of its side questions
    latency, throughput, streams  the three ways to measure: a closed loop, wrk, and the delay of every frame
    rows, decide, soak            the rows of the table, made with them
    results, plot                 the table, the verdict, results.json and results.svg

Read README.md beside this file for what each row means.
"""
