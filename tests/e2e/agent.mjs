// Claude's agent SDK for JavaScript: a session of several turns. Run in the folder where the SDK is installed.
// Standard input: {executable, folder, env, prompts, budget, pause}: the budget in dollars, or null; the pause between
// two turns in seconds, for the suggestion behind the first to come.
// Standard output: [{subtype, cost, usage}], one for each turn that ended; cost in dollars, usage by model, both so far.

import { join } from "node:path";
import { json } from "node:stream/consumers";
import { pathToFileURL } from "node:url";

const { executable, folder, env, prompts, budget, pause } = await json(process.stdin);
const library = join(process.cwd(), "node_modules/@anthropic-ai/claude-agent-sdk/sdk.mjs");
const { query } = await import(pathToFileURL(library).href);

let proceed = () => {};

async function* turns() {
  for (const content of prompts) {
    yield { type: "user", message: { role: "user", content }, parent_tool_use_id: null };
    await new Promise((resolve) => (proceed = resolve));
  }
}

const options = {
  pathToClaudeCodeExecutable: executable,
  cwd: folder,
  env,
  settingSources: [],
  promptSuggestions: true,
  ...(budget === null ? {} : { maxBudgetUsd: budget }),
};
const found = [];
try {
  for await (const message of query({ prompt: turns(), options })) {
    if (message.type !== "result") continue;
    found.push({ subtype: message.subtype, cost: message.total_cost_usd, usage: message.modelUsage });
    setTimeout(() => proceed(), pause * 1000);
  }
} catch (error) {
  console.error(String(error));
}
process.stdout.write(JSON.stringify(found), () => process.exit(0));
