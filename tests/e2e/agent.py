"""Claude's agent SDK for Python: what agent.mjs does, for the same standard input and output."""

import asyncio
import json
import sys
from typing import Any

from claude_agent_sdk import ClaudeAgentOptions, ClaudeSDKClient, ResultMessage


async def session(given: dict[str, Any]) -> list[dict[str, Any]]:
    options = ClaudeAgentOptions(
        cli_path=given["executable"],
        cwd=given["folder"],
        env=given["env"],
        setting_sources=[],
        max_budget_usd=given["budget"],
        extra_args={"prompt-suggestions": None},
    )
    found = []
    async with ClaudeSDKClient(options) as client:
        for prompt in given["prompts"]:
            await client.query(prompt)
            async for message in client.receive_response():
                if isinstance(message, ResultMessage):
                    ended = {"subtype": message.subtype, "cost": message.total_cost_usd, "usage": message.model_usage}
                    found.append(ended)
            await asyncio.sleep(given["pause"])
    return found


print(json.dumps(asyncio.run(session(json.load(sys.stdin)))))
