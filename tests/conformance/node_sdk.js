// The vendor's Node SDK, told what to call, as python_sdk.py is: address, auth id and token as arguments, a JSON object
// a line on stdin with a `verb` and its arguments, one a line on stdout: `returned`, or `raised` and `said`.
"use strict";

const path = require("path");
const readline = require("readline");

const sdk = path.resolve(process.env.NODE_SDK, "node_modules", "plivo");
const plivo = require(sdk);
const { Axios } = require(path.join(sdk, "dist", "rest", "axios.js"));
const { camelCaseRequestWrapper } = require(path.join(sdk, "dist", "rest", "utils.js"));

const [address, authId, authToken] = process.argv.slice(2);
const url = `${address}/v1/Account/${authId}`;
const client = new plivo.Client(authId, authToken, { url, timeout: 60000 });
const request = camelCaseRequestWrapper(Axios({ authId, authToken, url, userAgent: "plivo-node" })); // as the client's

const VERBS = {
  requirements,
  create: ({ data, files }) => client.phoneNumberCompliance.create({ data, documents: documents(files) }),
  update: ({ compliance_id, data, files }) =>
    client.phoneNumberCompliance.update(compliance_id, { data, documents: documents(files) }),
  get: ({ compliance_id, expand }) => client.phoneNumberCompliance.get(compliance_id, expand ? { expand } : {}),
  list_records: (query) => client.phoneNumberCompliance.list(renamed(query, camelCase)),
  delete: ({ compliance_id }) => client.phoneNumberCompliance.delete(compliance_id),
  link: ({ numbers }) => client.phoneNumberComplianceLink.link({ numbers }),
  update_number: ({ number, ...members }) => client.numbers.update(number, renamed(members, camelCase)),
  rename_number: ({ number, alias }) => client.numbers.update(number, { alias }),
  number: ({ number }) => client.numbers.get(number),
  list_numbers: async (query) => ({ objects: await client.numbers.list(renamed(query, camelCase)) }),
};

// Its own call shows only the members that the released contract has.
async function requirements(query) {
  const shown = await client.phoneNumberComplianceRequirements.get(renamed(query, camelCase));
  return shown.documentTypes ? shown : (await request("GET", "PhoneNumber/Compliance/Requirements/", query)).body;
}

function documents(files) {
  return (files || []).map((file) => (file ? { file } : {}));
}

function camelCase(name) {
  return name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());
}

function snakeCase(name) {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

// Members of `data` must be named as the API names them; all else the SDK takes and shows in its own way.
function renamed(value, rename) {
  if (Array.isArray(value)) return value.map((one) => renamed(one, rename));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [rename(name), renamed(one, rename)]));
}

async function answer({ verb, ...asked }) {
  try {
    return { returned: renamed(JSON.parse(JSON.stringify(await VERBS[verb](asked))), snakeCase) };
  } catch (error) {
    console.error(error);
    // It has classes of errors, but raises a plain Error, with the HTTP status where it knows the class.
    return { raised: [error.constructor.name, error.status].join(" ").trim(), said: error.message };
  }
}

(async () => {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    console.log(JSON.stringify(await answer(JSON.parse(line))));
  }
})();
