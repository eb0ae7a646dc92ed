// The official JavaScript SDK against each of some base URLs: what a program sees of every case, as JSON.
// Run in the folder where the SDK is installed. Standard input: {urls, messages, streams, conversation, headers, key,
// retries}.
// Standard output: one object a URL, case to [what it saw, in order].

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.cwd(), "package.json"));
const { default: Anthropic, APIError } = require("@anthropic-ai/sdk");

const given = JSON.parse(readFileSync(0, "utf8"));

function client(url, name) {
  return new Anthropic({
    baseURL: url,
    apiKey: given.key,
    defaultHeaders: { ...given.headers, "x-case": name },
    maxRetries: given.retries,
  });
}

// Of a connection that broke there is the class alone: its words come from the machine.
function told(error) {
  const kind = { class: error.constructor.name };
  if (!(error instanceof APIError) || error.status === undefined) return kind;
  return { ...kind, status: error.status, request_id: error.requestID, body: error.error, message: error.message };
}

async function message(url, name) {
  try {
    return [await client(url, name).messages.create(given.conversation)];
  } catch (error) {
    return [told(error)];
  }
}

async function stream(url, name) {
  const seen = [];
  try {
    for await (const event of await client(url, name).messages.create({ ...given.conversation, stream: true })) {
      seen.push(event);
    }
  } catch (error) {
    seen.push(told(error));
  }
  return seen;
}

const found = [];
for (const url of given.urls) {
  const cases = {};
  for (const name of given.messages) cases[name] = await message(url, name);
  for (const name of given.streams) cases[name] = await stream(url, name);
  found.push(cases);
}
process.stdout.write(JSON.stringify(found));
