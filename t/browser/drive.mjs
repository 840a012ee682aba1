// Runs one scenario in a headless Chromium: node drive.mjs SCENARIO.mjs.
//
// The scenario's default export is called with the tools below.  The test in
// Perl (t/lib/AimeBrowser.pm) is at the other end of stdin and stdout, a JSON
// text per line: the first line in are the settings; lines out are verdicts
// ({ok, name, diag}), notes and questions ({ask, args}), each of which is
// answered by one line ({answer} or {error}).  So the scenario says when a
// worker does what, and no side has to wait for a time.

import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { isDeepStrictEqual } from 'node:util';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const settings = JSON.parse((await lines.next()).value);
const require = createRequire(path.join(settings.modules, 'package.json'));
const { chromium } = require('playwright-core');
const axeSource = fs.readFileSync(require.resolve('axe-core/axe.min.js'),
    'utf8');

const problems = [];
const allowed = [];
let pages = 0;

function say(message) {
    fs.writeSync(1, JSON.stringify(message) + '\n');
}

function ok(good, name, diag) {
    say({ ok: Boolean(good), name, diag: good ? undefined : diag });
    return Boolean(good);
}

function show(value) {
    return typeof value === 'string' ? value : JSON.stringify(value);
}

function is(got, expected, name) {
    return ok(isDeepStrictEqual(got, expected), name,
        `     got: ${show(got)}\nexpected: ${show(expected)}`);
}

function like(got, expected, name) {
    return ok(expected.test(got), name, `'${show(got)}' is not ${expected}`);
}

async function ask(what, ...args) {
    say({ ask: what, args });
    const { value, done } = await lines.next();
    if (done) {
        throw new Error('nobody answers');
    }
    const reply = JSON.parse(value);
    if (reply.error !== undefined) {
        throw new Error(`${what}: ${reply.error}`);
    }
    return reply.answer;
}

// Sees a condition come true, which a page shows sooner or later
async function until(see, name, seconds = 15) {
    const end = Date.now() + 1000 * seconds * settings.patience;
    let seen, error;
    do {
        try {
            error = undefined;
            seen = await see();
        } catch (thrown) {
            error = thrown;
        }
        if (seen && !error) {
            return ok(true, name);
        }
        await new Promise((wake) => setTimeout(wake, 20));
    } while (Date.now() < end);
    return ok(false, name, error ? String(error) : 'it never came');
}

function problem(text) {
    // the same again and again says no more than once
    if (!allowed.some((regex) => regex.test(text))
        && !problems.includes(text))
    {
        problems.push(text);
    }
}

function watch(context, origin) {
    context.on('console', (message) => {
        if (['error', 'warning'].includes(message.type())) {
            problem(`console ${message.type()}: ${message.text()} `
                + `(${message.location().url})`);
        }
    });
    context.on('weberror', (error) => {
        problem(`page error: ${error.error().stack || error.error()}`);
    });
    context.on('request', (request) => {
        const url = new URL(request.url());
        if (url.origin !== origin
            && !['data:', 'blob:'].includes(url.protocol))
        {
            problem(`request to another host: ${url.href.slice(0, 200)}`);
        }
    });
}

// A page of its own: options of playwright's newContext (viewport, colorScheme)
async function open(address, options = {}) {
    const context = await browser.newContext({
        viewport: { width: 1280, height: 800 }, locale: 'en-US',
        reducedMotion: 'reduce', ...options,
    });
    context.setDefaultTimeout(15000 * settings.patience);
    watch(context, new URL(settings.url).origin);
    await context.exposeBinding('aimeViolation', (_source, text) => {
        problem(`CSP violation: ${text}`);
    });
    await context.addInitScript(() => {
        document.addEventListener('securitypolicyviolation', (event) => {
            window.aimeViolation(`${event.violatedDirective} `
                + `${event.blockedURI} `
                + `(${event.sourceFile}:${event.lineNumber})`);
        });
    });
    const page = await context.newPage();
    pages++;
    await page.goto(new URL(address, settings.url).href);
    return page;
}

// What axe-core finds that keeps people out; its lesser findings are notes
async function axe(page, name, options = {}) {
    await page.evaluate(axeSource);
    const { violations } = await page.evaluate(
        (given) => window.axe.run(document, given), options);
    const text = violations.map((found) => `${found.impact} ${found.id}: `
        + `${found.help}\n` + found.nodes.slice(0, 5).map((node) =>
            `    ${node.target.join(' ')} ${node.failureSummary}`).join('\n'));
    const grave = violations.filter(({ impact }) =>
        ['serious', 'critical'].includes(impact));
    if (violations.length && !grave.length) {
        say({ note: `axe: ${text.join('\n')}` });
    }
    return ok(!grave.length, name, text.join('\n'));
}

async function shot(page, name, options = {}) {
    fs.mkdirSync(settings.shots, { recursive: true });
    const file = path.join(settings.shots, `${name}.png`);
    await page.screenshot({ path: file, ...options });
    return file;
}

// Nothing sticks out to the right of a narrow window
async function narrow(page, name) {
    const wide = await page.evaluate(() => {
        const width = document.documentElement.clientWidth;
        const all = [...document.querySelectorAll('body *')];
        const out = all.filter((element) => {
            const box = element.getBoundingClientRect();
            return box.width && box.right > width + 1;
        });
        return {
            scroll: document.documentElement.scrollWidth - width,
            out: out.slice(0, 5).map((e) => e.outerHTML.slice(0, 120)),
        };
    });
    return ok(wide.scroll <= 0, name, JSON.stringify(wide, null, 2));
}

const browser = await chromium.launch({
    executablePath: settings.chromium,
    args: [
        ...(process.getuid() === 0 ? ['--no-sandbox'] : []),
        '--disable-dev-shm-usage', '--disable-gpu', '--mute-audio',
        '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
        '--use-fake-device-for-media-stream',
        '--use-fake-ui-for-media-stream',
    ],
});

let failed = false;
try {
    const scenario = await import(pathToFileURL(process.argv[2]));
    await scenario.default({
        ...settings.given, url: settings.url, browser, open, ok, is, like,
        until, ask, axe, shot, narrow,
        allow: (...regexes) => allowed.push(...regexes),
        problems: () => problems.splice(0),
    });
    ok(pages > 0, 'a page was opened');
    is(problems, [], 'no error in the console, no violation of the policy, '
        + 'no request to another host');
} catch (error) {
    failed = true;
    ok(false, 'the scenario runs to its end', error.stack);
    for (const text of problems) {
        say({ note: text });
    }
    for (const page of browser.contexts().flatMap((c) => c.pages())) {
        await shot(page, 'failed').catch(() => {});
    }
} finally {
    await browser.close();
}
process.exit(failed ? 1 : 0);
