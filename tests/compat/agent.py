"""One question by Claude's agent SDK for Python. Standard input: {executable, folder, env, prompt}."""

import asyncio
import json
import sys

from claude_agent_sdk import ClaudeAgentOptions, ResultMessage, query


async def main() -> None:
    given = json.load(sys.stdin)
    options = ClaudeAgentOptions(
        cli_path=given["executable"], cwd=given["folder"], env=given["env"], setting_sources=[]
    )
    async for message in query(prompt=given["prompt"], options=options):
        if isinstance(message, ResultMessage):
            print(message.result)


asyncio.run(main())
