// The request on the page as programs.  Media are read from files, and the key
// comes from the environment: nothing secret and nothing endless is in there.

import { path } from './api.js';
import { Medium, Numeral, Variable, json, literal, rounded }
    from './values.js';

const PYTHON = { true: 'True', false: 'False', null: 'None' };
const NUMBERED = ['image_list', 'audio_list', 'video_list'];
const MEDIA = ['image', 'audio', 'video', ...NUMBERED];

// Whether a value, or one that is in it, is one of those
function has(value, wanted) {
    return wanted(value) || value !== null && typeof value === 'object'
        && Object.values(value).some((item) => has(item, wanted));
}

function hasMedia(value) {
    return has(value, (one) => one instanceof Medium);
}

function quoted(text) {
    return `'${text.replaceAll("'", "'\\''")}'`;
}

// Outputs that are files: [[name, whether a list]]
function files(details) {
    const output = details.parameter_description?.output ?? {};
    return Object.entries(output)
        .filter(([, { type }]) => MEDIA.includes(type))
        .map(([name, { type }]) => [name, NUMBERED.includes(type)]);
}

// Parts that are there; an empty text is an empty line
function lines(...parts) {
    return parts.flat(Infinity).filter((part) => part || part === '')
        .join('\n') + '\n';
}

// An endpoint that wants no key wants a login instead
function withSession(inputs, open, name) {
    return open ? { ...inputs, client_session_auth_key: new Variable(name) }
        : inputs;
}

function getsOnly({ http_methods: methods = ['POST'] }) {
    return !methods.includes('POST');
}

// Inputs as the texts of a query
function texts(inputs) {
    return Object.fromEntries(Object.entries(inputs).map(([name, value]) =>
        [name, typeof value === 'string' || value instanceof Medium
            || value instanceof Variable ? value : json(value)]));
}

// JSON for a shell or a template of JavaScript, which escape alike: the options
// of literal() that make(keep) gives may keep() parts for them to fill in
function template(inputs, make) {
    const mark = '\u0001';
    const kept = [];
    const body = literal(inputs, make((text) =>
        `${mark}${kept.push(text) - 1}${mark}`));
    const text = body.replace(/[\\$`]/g, '\\$&').replace(
        new RegExp(`${mark}(\\d+)${mark}`, 'g'), (_all, i) => kept[i]);
    return { body, text, fills: kept.length > 0 };
}

// A document that the shell fills in where it has to
function document(inputs) {
    const { body, text, fills } = template(inputs, (keep) => ({
        medium: ({ prefix, name }) => `"${prefix}`
            + `${keep(`$(base64 < ${quoted(name)} | tr -d '\\n')`)}"`,
        variable: ({ name }) => `"${keep(`$${name}`)}"`,
    }));
    return fills ? ['<< JSON', text] : ["<< 'JSON'", body];
}

// request: {base, details, inputs, open (no key needed)}
export function curl({ base, details, inputs, open }) {
    const url = `${base}${path(details.name)}`;
    const all = withSession(inputs, open, 'SESSION');
    const [redirect, body] = document(all);
    return lines(
        open && [`SESSION=$(curl -sS '${url}/login' \\`,
            "    | sed 's/.*\"client_session_auth_key\": "
            + "*\"\\([^\"]*\\)\".*/\\1/')"],
        `curl -sS${getsOnly(details) ? 'G' : ''} '${url}' \\`,
        !open && '    -H "Authorization: Bearer $AIME_API_KEY" \\',
        getsOnly(details) ? query(all)
            : ["    -H 'Content-Type: application/json' \\",
                `    --data-binary @- ${redirect}`, body, 'JSON']);
}

function query(inputs) {
    return Object.entries(texts(inputs)).map(([name, value]) =>
        `    --data-urlencode ${value instanceof Variable
            ? `"${name}=$${value.name}"` : value instanceof Medium
                ? `"${name}=${value.prefix}$(base64 < ${quoted(value.name)} `
                    + `| tr -d '\\n')"` : quoted(`${name}=${value}`)}`)
        .join(' \\\n') || '    -d ""';
}

const CALL = `
def call(route, document):
    request = urllib.request.Request(SERVER + route, headers=HEADERS,
                                     data=None if document is None
                                     else json.dumps(document).encode())
    try:
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise SystemExit(f"{error.code}: {error.read().decode()}")
`;

const DATA_URL = `
def data_url(kind, name):
    with open(name, "rb") as file:
        body = base64.b64encode(file.read()).decode()
    return f"data:{kind};base64,{body}"
`;

const WAIT = `
while True:
    answer = call(ENDPOINT + "/progress", PROGRESS)
    if answer["job_state"] == "done":
        break
    print(answer["job_state"], answer["progress"]["progress"], "%")
    time.sleep(0.5)

result = answer["job_result"]
if "error" in result:
    raise SystemExit(result["error"])`;

function pythonFiles(found) {
    return found.map(([name, list]) => {
        const one = (value, stem, pad) => [
            `${pad}kind, body = ${value}.split(";base64,")`,
            `${pad}with open(f"${stem}.{kind.split('/')[1]}", "wb") as file:`,
            `${pad}    file.write(base64.b64decode(body))`,
        ];
        const key = JSON.stringify(name);
        return list
            ? [`for i, item in enumerate(result[${key}]):`,
                one('item', `${name}-{i}`, '    ')]
            : one(`result[${key}]`, name, '');
    });
}

export function python({ base, details, inputs, open }) {
    const found = files(details);
    const media = hasMedia(inputs);
    const options = {
        words: PYTHON, variable: ({ name }) => name,
        medium: ({ kind, format, name }) =>
            `data_url("${kind}/${format}", ${JSON.stringify(name)})`,
    };
    const job = withSession({ ...inputs, wait_for_result: false }, open,
        'session');
    return lines(
        (media || found.length) && 'import base64',
        'import json', !open && 'import os', 'import time',
        'import urllib.error',
        getsOnly(details) && 'import urllib.parse', 'import urllib.request', '',
        `SERVER = ${JSON.stringify(base)}`,
        `ENDPOINT = ${JSON.stringify(path(details.name))}`,
        'HEADERS = {"Content-Type": "application/json"'
        + (open ? '}' : ',\n           "Authorization": "Bearer "'
            + ' + os.environ["AIME_API_KEY"]}'), '',
        CALL.trimEnd(), '', media && [DATA_URL.trimEnd(), ''], '',
        open && 'session = call(ENDPOINT + "/login", {})'
            + '["client_session_auth_key"]',
        getsOnly(details)
            ? ['query = urllib.parse.urlencode('
                + `${literal(texts(job), options)})`,
            'job = call(ENDPOINT + "?" + query, None)']
            : `job = call(ENDPOINT, ${literal(job, options)})`,
        WAIT.replace('PROGRESS', open ? '{\n        "job_id": job["job_id"], '
            + '"client_session_auth_key": session}'
            : '{"job_id": job["job_id"]}'),
        pythonFiles(found),
        found.length
            ? ['for name, value in result.items():', '    if name not in '
                + `${JSON.stringify(found.map(([name]) => name))}:`,
            '        print(f"{name}: {value}")']
            : ['for name, value in result.items():',
                '    print(f"{name}: {value}")']);
}

function scriptFiles(found) {
    return found.map(([name, list]) => {
        const one = (value, stem, pad) => [
            `${pad}const [kind, body] = ${value}.split(';base64,');`,
            `${pad}await writeFile(\`${stem}.\${kind.split('/')[1]}\`,`,
            `${pad}    Buffer.from(body, 'base64'));`,
        ];
        const key = JSON.stringify(name);
        return list
            ? [`for (const [i, item] of result[${key}].entries()) {`,
                one('item', `${name}-\${i}`, '    '), '}']
            : ['{', one(`result[${key}]`, name, '    '), '}'];
    });
}

function fromFile({ prefix, name }) {
    return `'${prefix}'\n        + await readFile(${JSON.stringify(name)}, `
        + "'base64')";
}

// Whether JavaScript has no number for one that is in there
function rounds(inputs) {
    return has(inputs, (one) => one instanceof Numeral && rounded(one.text));
}

const AS_TEXT = '// a text, as JavaScript would round an integer that is in it';

// An object or, where it would not stay what it is, its JSON in a text
function scriptBody(inputs) {
    return rounds(inputs) ? `\`${template(inputs, (keep) => ({
        medium: ({ prefix, name }) => `"${prefix}${keep('${await readFile('
            + `${JSON.stringify(name)}, 'base64')}`)}"`,
        variable: ({ name }) => `"${keep(`\${${name}}`)}"`,
    })).text}\`` : literal(inputs, { medium: fromFile });
}

// What OpenAI's client for JavaScript is called with
function clientBody(body) {
    return rounds(body) ? [`${body.stream ? '{ stream: true }' : '{}'}, {`,
        "    headers: { 'Content-Type': 'application/json' },",
        `    ${AS_TEXT}`, `    body: ${scriptBody(body)},`, '}'].join('\n')
        : scriptBody(body);
}

// A module for Node.js 18 or newer; in a browser the same without files
export function javascript({ base, details, inputs, open }) {
    const found = files(details);
    const media = hasMedia(inputs);
    const gets = getsOnly(details);
    const job = withSession({ ...inputs, wait_for_result: false }, open,
        'session');
    const body = scriptBody(gets ? texts(job) : job);
    const names = [media && 'readFile', found.length && 'writeFile']
        .filter(Boolean);
    return lines(
        names.length
            && `import { ${names.join(', ')} } from 'node:fs/promises';\n`,
        `const endpoint = '${base}${path(details.name)}';`, '',
        'async function call(url, document) {',
        '    const response = await fetch(url, {',
        gets ? "        method: document ? 'POST' : 'GET',"
            : "        method: 'POST',",
        '        headers: {',
        "            'Content-Type': 'application/json',",
        !open && '            Authorization: `Bearer '
            + '${process.env.AIME_API_KEY}`,',
        '        },', gets ? '        body: document && '
            + 'JSON.stringify(document),'
            : rounds(job) ? "        body: typeof document === 'string' ? "
                + 'document\n            : JSON.stringify(document),'
                : '        body: JSON.stringify(document),', '    });',
        '    const answer = await response.json();',
        '    if (!response.ok) {',
        "        throw new Error([answer.error].flat().join('\\n'));",
        '    }', '    return answer;', '}', '',
        open && ['const login = await call(`${endpoint}/login`, {});',
            'const session = login.client_session_auth_key;'],
        gets ? [`const query = new URLSearchParams(${body});`,
            'const job = await call(`${endpoint}?${query}`);']
            : [rounds(job) && AS_TEXT,
                `const job = await call(endpoint, ${body});`],
        '', 'let answer;', 'for (;;) {',
        '    answer = await call(`${endpoint}/progress`, {',
        '        job_id: job.job_id,',
        open && '        client_session_auth_key: session,', '    });',
        "    if (answer.job_state === 'done') {", '        break;', '    }',
        '    console.log(answer.job_state, answer.progress.progress);',
        '    await new Promise((wake) => setTimeout(wake, 500));', '}',
        'const result = answer.job_result;',
        'if (result.error) {', '    throw new Error(result.error);', '}',
        scriptFiles(found), found.length
            ? `const { ${found.map(([name], i) =>
                `${JSON.stringify(name)}: file${i}`).join(', ')}, `
                + '...rest } = result;\nconsole.log(rest);'
            : 'console.log(result);');
}

// What OpenAI's clients would take the endpoint for
export function openaiKind(details) {
    const { input = {}, output = {} } = details.parameter_description ?? {};
    const types = (table) => Object.values(table).map(({ type }) => type);
    return types(input).includes('chat_context') ? 'chat'
        : 'prompt' in input && ['image', 'image_list'].some((type) =>
            types(output).includes(type)) ? 'image' : null;
}

// Inputs that OpenAI has a name for
const THEIRS = {
    n: 'n', num_images: 'n', num_samples: 'n', prompt: 'prompt',
    temperature: 'temperature', top_p: 'top_p', seed: 'seed',
    max_gen_tokens: 'max_completion_tokens',
};

// [fields of OpenAI's, fields that it does not know]
function fields(inputs, chatName) {
    const known = {}, others = {};
    for (const [name, value] of Object.entries(inputs)) {
        if (name in THEIRS) {
            known[THEIRS[name]] = value;
        } else if (name !== chatName && name !== 'prompt_input') {
            others[name] = value;
        }
    }
    return [known, others];
}

function part(item) {
    const [[kind, value]] = Object.entries(item);
    return kind === 'text' ? { type: 'text', text: value }
        : { type: `${kind}_url`, [`${kind}_url`]: { url: value } };
}

function messages(context) {
    return context.map(({ role, content }) => ({
        role,
        content: typeof content === 'string' ? content : content.map(part),
    }));
}

// Chat completions with the official client for Python; context: the messages
export function openaiPython(request) {
    const { base, inputs, chatName, context, open, model } = request;
    if (openaiKind(request.details) === 'image') {
        return imagePython(request);
    }
    const media = hasMedia([context, inputs]);
    const options = { words: PYTHON, indent: '    ',
        medium: ({ kind, format, name }) =>
            `data_url("${kind}/${format}", ${JSON.stringify(name)})` };
    const [known, others] = fields(inputs, chatName);
    return lines(
        media && 'import base64', !open && 'import os',
        (media || !open) && '', 'from openai import OpenAI', '',
        media && [DATA_URL.trimEnd(), '', ''],
        'client = OpenAI(',
        `    base_url="${base}/v1",`,
        `    api_key=${open ? '"none"' : 'os.environ["AIME_API_KEY"]'},`, ')',
        'stream = client.chat.completions.create(',
        `    model=${JSON.stringify(model)},`,
        `    messages=${literal(messages(context), options)},`,
        Object.entries(known).map(([name, value]) =>
            `    ${name}=${literal(value, options)},`),
        Object.keys(others).length
            && `    extra_body=${literal(others, options)},`,
        '    stream=True,', ')', 'for chunk in stream:',
        '    if chunk.choices:',
        '        print(chunk.choices[0].delta.content or "", end="", '
        + 'flush=True)', 'print()');
}

// The same with the one for Node.js
export function openaiScript(request) {
    const { base, inputs, chatName, context, open, model } = request;
    if (openaiKind(request.details) === 'image') {
        return imageScript(request);
    }
    const media = hasMedia([context, inputs]);
    const [known, others] = fields(inputs, chatName);
    const body = { model, messages: messages(context), ...known, ...others,
        stream: true };
    return lines(
        media && "import { readFile } from 'node:fs/promises';",
        "import OpenAI from 'openai';", '', 'const client = new OpenAI({',
        `    baseURL: '${base}/v1',`,
        `    apiKey: ${open ? "'none'" : 'process.env.AIME_API_KEY'},`, '});',
        'const stream = await client.chat.completions.create('
        + `${clientBody(body)});`,
        'for await (const chunk of stream) {',
        "    process.stdout.write(chunk.choices[0]?.delta?.content ?? '');",
        '}', 'console.log();');
}

function imagePython({ base, inputs, open, model }) {
    const options = { words: PYTHON, indent: '    ',
        medium: ({ kind, format, name }) =>
            `data_url("${kind}/${format}", ${JSON.stringify(name)})` };
    const [known, others] = fields(inputs);
    return lines(
        'import base64', !open && 'import os', '', 'from openai import OpenAI',
        '', hasMedia(inputs) && [DATA_URL.trimEnd(), '', ''],
        'client = OpenAI(',
        `    base_url="${base}/v1",`,
        `    api_key=${open ? '"none"' : 'os.environ["AIME_API_KEY"]'},`, ')',
        'answer = client.images.generate(',
        `    model=${JSON.stringify(model)},`,
        Object.entries(known).map(([name, value]) =>
            `    ${name}=${literal(value, options)},`),
        Object.keys(others).length
            && `    extra_body=${literal(others, options)},`,
        ')', 'for i, image in enumerate(answer.data):',
        '    with open(f"image-{i}.png", "wb") as file:',
        '        file.write(base64.b64decode(image.b64_json))');
}

function imageScript({ base, inputs, open, model }) {
    const [known, others] = fields(inputs);
    const names = hasMedia(inputs) ? 'readFile, writeFile' : 'writeFile';
    return lines(
        `import { ${names} } from 'node:fs/promises';`,
        "import OpenAI from 'openai';", '', 'const client = new OpenAI({',
        `    baseURL: '${base}/v1',`,
        `    apiKey: ${open ? "'none'" : 'process.env.AIME_API_KEY'},`, '});',
        'const answer = await client.images.generate('
        + `${clientBody({ model, ...known, ...others })});`,
        'for (const [i, image] of answer.data.entries()) {',
        '    await writeFile(`image-${i}.png`, '
        + "Buffer.from(image.b64_json, 'base64'));", '}');
}
