// Of t/ui_playground.t: what comes in between while something is under way

import { playground } from './play_page.mjs';

export default async function (t) {
    await events(t);
    await silence(t);
    await recordings(t);
    await views(t);
}


async function signedIn({ open, ask }, endpoint, prepare = () => {}) {
    const page = await open('/aime/play/');
    await prepare(page);
    await page.evaluate((key) => sessionStorage.setItem('aime-key', key),
        await ask('key'));
    await page.goto(new URL(`#${endpoint}`, page.url()).href);
    await page.reload();
    await playground({}, page).shown(endpoint);
    return page;
}


// However a body is cut, the events are the same; a large one is not searched
// again with each part of it
async function events({ open, is, ok }) {
    const page = await open('/aime/play/');
    const { lists, searched, length } = await page.evaluate(async () => {
        const { readEvents } = await import('/aime/events.js');
        const read = async (text, size) => {
            const bytes = new TextEncoder().encode(text);
            const found = [];
            const body = new ReadableStream({
                start(to) {
                    for (let i = 0; i < bytes.length; i += size) {
                        to.enqueue(bytes.slice(i, i + size));
                    }
                    to.close();
                },
            });
            await readEvents(async () => new Response(body),
                { silence: 60000 }, (lines) => {
                    found.push(lines);
                });
            return found;
        };
        const text = 'data: ä\ndata: b\n\n: c\n\n\ndata: d\n\ndata: half';
        const all = [];
        for (let size = 1; size <= 50; size++) {
            all.push(JSON.stringify(await read(text, size)));
        }
        const long = `data: ${'x'.repeat(300000)}\n\n`;
        const { split } = String.prototype;
        let sum = 0;
        String.prototype.split = function (...args) {
            sum += this.length;
            return split.apply(this, args);
        };
        await read(long, 300);
        String.prototype.split = split;
        return { lists: [...new Set(all)], searched: sum, length: long.length };
    });
    is(lists, ['[["data: ä","data: b"],[": c"],["","data: d"]]'],
        'events do not depend on how they are cut');
    ok(searched < 3 * length, `a large event is searched once: ${searched} of `
        + `${length} characters`);
    await page.context().close();
}


// A stream that dies without a word, as after a laptop has slept
async function silence(t) {
    const page = await signedIn(t, 'paint', (other) => other.clock.install());
    const shows = (text) => t.until(async () => await page
        .locator('.run .where').textContent() === text, `it shows ${text}`);
    await page.evaluate(() => {
        const { fetch } = window;
        window.streams = 0;
        window.fetch = async (url, options) => {
            const response = await fetch(url, options);
            if (!String(url).endsWith('stream_progress')) {
                return response;
            }
            const first = ++window.streams === 1;
            return new Response(response.body.pipeThrough(new TransformStream({
                transform: (chunk, to) => {
                    if (!first || !window.dead) {
                        to.enqueue(chunk);
                    }
                },
            })), response);
        };
    });
    await page.locator('[name=prompt]').fill('a ship');
    await page.locator('#submit').click();
    const { job_id: id } = await t.ask('take', 'paint');
    for (const percent of [10, 20, 30]) {
        await t.ask('report', 'paint', id, percent, null);
        await shows(`${percent} %`);
        await page.clock.fastForward(30000);
    }
    t.is(await page.evaluate(() => window.streams), 1,
        'a stream that says something is kept');
    await page.evaluate(() => {
        window.dead = true;
    });
    await t.ask('report', 'paint', id, 40, null);
    await page.clock.fastForward(60000);
    await shows('40 %');
    await t.ask('result', 'paint', id, { images: [] });
    await t.until(async () => await page.locator('.run .pill').textContent()
        === 'Done', 'one that is silent is opened anew');
    await page.context().close();
}


// A microphone is on only as long as there is a button that turns it off
async function recordings(t) {
    const page = await signedIn(t, 'listen');
    const reset = page.getByRole('button', { name: 'Reset' });
    const button = page.locator('.record');
    // what the page asks the browser for; the user's yes comes with `allow()`
    await page.evaluate(() => {
        const { mediaDevices } = navigator;
        const ask = mediaDevices.getUserMedia.bind(mediaDevices);
        window.inputs = [];
        window.asked = 0;
        window.answer = Promise.resolve();
        mediaDevices.getUserMedia = async (what) => {
            window.asked++;
            await window.answer;
            window.inputs.push(await ask(what));
            return window.inputs.at(-1);
        };
    });
    const hold = () => page.evaluate(() => {
        window.answer = new Promise((wake) => {
            window.allow = wake;
        });
    });
    const allow = () => page.evaluate(() => window.allow());
    const off = (count, name) => t.until(() => page.evaluate((n) => {
        const states = window.inputs.flatMap((input) => input.getTracks())
            .map((track) => track.readyState);
        return states.length === n && states.every((is) => is === 'ended');
    }, count), name);

    await button.click();
    await button.getByText('Stop recording').waitFor();
    await reset.click();
    await off(1, 'Reset turns the microphone off');
    t.is(await page.locator('.chosen audio').count(), 0,
        'and keeps nothing of the recording');

    await hold();
    await button.click();
    await button.click();
    await allow();
    await button.getByText('Stop recording').click();
    await off(2, 'a second click while the user is asked records no second');
    t.is(await page.evaluate(() => window.asked), 2, 'nor asks again');
    await page.locator('.chosen audio').waitFor();

    const url = await page.locator('.chosen audio').evaluate((a) => a.src);
    await hold();
    await button.click();
    await reset.click();
    await allow();
    await off(3, 'a yes that comes after Reset');
    t.allow(/ERR_FILE_NOT_FOUND/);
    t.is(await page.evaluate((src) => new Promise((wake) => {
        const audio = new Audio();
        audio.onerror = () => wake('gone');
        audio.onloadedmetadata = () => wake('there');
        audio.src = src;
    }), url), 'gone', 'a file that nobody sees is let go');

    await page.evaluate(() => {
        window.MediaRecorder = class {
            constructor() {
                throw new Error('out of order');
            }
        };
    });
    await button.click();
    await page.getByText('No microphone: out of order').waitFor();
    await off(4, 'nor is it on when the recorder fails');
    await page.context().close();
}


// A chat while a job of the form of the same endpoint runs
async function views(t) {
    const page = await signedIn(t, 'chat');
    const view = (name) => page.locator('.modes')
        .getByText(name, { exact: true }).click();
    const box = page.getByLabel('Message', { exact: true });
    const submit = page.locator('#submit');
    await view('Form');
    await submit.click();
    const first = await t.ask('take', 'chat');
    await view('Chat');
    await box.fill('Hello?');
    await box.press('Enter');
    await page.getByText('A job is still running.').waitFor();
    t.is([await box.inputValue(), await page.locator('.message').count()],
        ['Hello?', 0], 'what cannot be sent stays in the box');
    await view('Form');
    t.ok(await submit.isDisabled(), 'nor can the form, seen again, be sent');
    await t.ask('result', 'chat', first.job_id, { text: 'yes' });
    await t.until(() => submit.isEnabled(), 'until the job is done');
    await view('Chat');
    await box.press('Enter');
    const next = await t.ask('take', 'chat');
    t.is(next.chat_context, [{ role: 'user', content: 'Hello?' }],
        'then it is sent');
    await t.ask('result', 'chat', next.job_id, { text: 'Good day' });
    await page.locator('.message.assistant').getByText('Good day').waitFor();
    await page.context().close();
}
