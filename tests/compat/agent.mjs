// One question by Claude's agent SDK for JavaScript, in the folder where it is installed.
// Standard input: {executable, folder, env, prompt}.

import { join } from "node:path";
import { json } from "node:stream/consumers";
import { pathToFileURL } from "node:url";

const { executable, folder, env, prompt } = await json(process.stdin);
const library = join(process.cwd(), "node_modules/@anthropic-ai/claude-agent-sdk/sdk.mjs");
const { query } = await import(pathToFileURL(library).href);
const options = { pathToClaudeCodeExecutable: executable, cwd: folder, env, settingSources: [] };
for await (const message of query({ prompt, options })) {
  if (message.type === "result") console.log(message.result);
}
