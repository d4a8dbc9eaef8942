"""The benchmark: what delivering costs on an EVM chain, how fast a hub is, and how long a call takes.

    make bench                      all of it; tables, and build/bench.json
    make bench BENCH="evm e2e"      some groups; --list names them

Never a test: nothing fails for being slow. What the figures mean and what bounds them: docs/performance.md.
"""
