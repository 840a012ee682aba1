// Of t/ui_playground.t: a server without streams, which the page polls, and
// what comes between the two

import { playground } from './play_page.mjs';

export default async function (t) {
    t.allow(/status of 404/, /status of 410/, /status of 429/,
        /status of 503/, /ERR_FAILED/);
    const page = await t.open('/aime/play/#chat');
    const last = page.locator('.message.assistant').last();
    const box = page.getByLabel('Message', { exact: true });
    const stop = page.getByRole('button', { name: 'Stop', exact: true });
    const send = async (text) => {
        await box.fill(text);
        await box.press('Enter');
    };
    const says = (text) => t.until(async () =>
        (await last.textContent()).endsWith(text), `the answer is ${text}`);
    const tools = { ...playground(t, page), stop, send, says };

    await signIn(tools);
    await polled(tools);
    await canceled(tools);
    await picked(tools);
    await away(tools);
    await signOut(tools);
    await busy(tools);
}


// A key counts when the server has said so, and the dialog is still there
async function signIn({ page, ask, is, until, gone }) {
    const kept = () => page.evaluate(() =>
        sessionStorage.getItem('aime-key') ?? '');
    const button = page.getByRole('dialog').getByRole('button');
    const key = page.getByLabel('API key', { exact: true });
    const open = () => page.getByRole('banner').getByRole('button',
        { name: 'Sign in' }).click();
    let logins = 0, checked = gate();
    await page.getByText('This endpoint needs an API key.').waitFor();
    await page.route('**/chat/login*', async (route) => {
        logins++;
        await checked.opened;
        await route.continue();
    });
    await open();
    await key.fill('nobody-has-this');
    await key.press('Enter');
    await until(() => logins === 1, 'the key is checked');
    await key.press('Enter');
    checked.open();
    await page.getByText('Key not valid').waitFor();
    is([logins, await kept()], [1, ''], 'once, and is not kept');

    checked = gate();
    await key.fill(await ask('key'));
    await key.press('Enter');
    await until(() => logins === 2, 'another is checked');
    await key.press('Escape');
    is(await kept(), '', 'whoever leaves has not signed in');
    const answer = page.waitForResponse('**/api/validate_key');
    checked.open();
    await (await answer).finished();
    await open();
    await page.unroute('**/chat/login*');

    await key.fill(await ask('key'));
    await key.press('Enter');
    await page.getByRole('button', { name: 'Sign out' }).waitFor();
    is(await kept(), await ask('key'), 'a good one is');

    // an endpoint that wants no key takes any
    await page.getByRole('button', { name: 'Sign out' }).click();
    await gone('listen');
    await open();
    await key.fill('nobody-has-this');
    await key.press('Enter');
    await page.getByText('Key not valid').waitFor();
    await key.fill(await ask('key'));
    await key.press('Enter');
    await gone('chat');
}


async function polled({ ask, stop, state, send, says, page, until }) {
    await send('Hello?');
    const { job_id: id } = await ask('take', 'chat');
    await state('Running');
    await ask('report', 'chat', id, 50, { text: 'Good' });
    await says('Good');
    await ask('result', 'chat', id, { text: 'Good day' });
    await state('Done');
    await says('Good day');

    await send('Another one');
    await state('Queued');
    await stop.click();
    await state('Canceled');
    await page.getByText('Stopped.').waitFor();

    await send('One that others cancel');
    await ask('cancel', 'chat', (await ask('take', 'chat')).job_id);
    await state('Canceled');
    await until(() => page.getByRole('button', { name: 'Send' }).isVisible(),
        'the chat goes on');
}


// A gate that requests wait at
function gate() {
    const one = {};
    one.opened = new Promise((open) => Object.assign(one, { open }));
    return one;
}


// To cancel is a request to the server, which has the last word
async function canceled({ page, ask, is, stop, state, send, says }) {
    await page.route('**/chat/cancel', (route) => route.fulfill({ status: 503,
        json: { success: false, error: 'Too busy to cancel' } }));
    await send('One that is not canceled');
    let { job_id: id } = await ask('take', 'chat');
    await state('Running');
    await stop.click();
    await page.getByText('Too busy to cancel').waitFor();
    await ask('result', 'chat', id, { text: 'is still heard' });
    await state('Done');
    await says('is still heard');
    is(await page.getByText('Too busy to cancel').count(), 0, 'no error stays');
    await page.unroute('**/chat/cancel');

    const polls = gate();
    await page.route('**/chat/progress', async (route) => {
        await polls.opened;
        await route.continue();
    });
    await send('One that has just ended');
    ({ job_id: id } = await ask('take', 'chat'));
    await ask('result', 'chat', id, { text: 'is not lost' });
    await Promise.all([stop.click(), page.waitForResponse('**/chat/cancel')]);
    polls.open();
    await says('is not lost');
    await state('Done');
    await page.unroute('**/chat/progress');

    const answers = gate();
    await page.route('**/chat', async (route) => {
        const answer = await route.fetch();
        await answers.opened;
        await route.fulfill({ response: answer });
    });
    const sent = page.waitForRequest('**/chat');
    await send('One that is on its way');
    await sent;
    await stop.click();
    await state('Canceled');
    const told = page.waitForResponse('**/chat/cancel');
    answers.open();
    is((await (await told).json()).job_state, 'canceled', 'the server, too');
    await page.unroute('**/chat');
}


// An endpoint that cannot be read at first: the one before does not act for it
async function picked({ open, until, is, ask }) {
    const page = await open('/aime/play/#paint');
    await page.evaluate((key) => sessionStorage.setItem('aime-key', key),
        await ask('key'));
    await page.clock.install();
    await page.reload();
    await page.getByRole('button', { name: 'Sign out' }).waitFor();
    const { at, shown } = playground({}, page);
    await at('prompt').fill('a ship');
    let broken = true;
    await page.route('**/api/endpoints/chat', (route) => (broken
        ? route.fulfill({ status: 503, json: { error: 'Not yet' } })
        : route.continue()));
    await page.getByRole('link', { name: 'chat' }).click();
    await page.getByText('The endpoint cannot be read. Not yet').waitFor();
    const sent = [];
    page.on('request', (request) => {
        if (request.method() === 'POST'
            && /\/(paint|chat)$/.test(request.url()))
        {
            sent.push(request.url());
        }
    });
    await page.keyboard.press('Control+Enter');
    broken = false;
    await page.clock.fastForward(5000);
    await shown('chat');
    is(sent, [], 'nothing is sent by a page that is not there');
    await page.context().close();
}


// A server that has no time, or is away, loses no job
async function away({ page, ask, is, until, state, send, says }) {
    await page.clock.install();
    let polls = 0;
    await page.route('**/chat/progress', (route) => {
        polls++;
        return route.fulfill({ status: 429, headers: { 'Retry-After': '60' },
            json: { success: false, error: 'Too many polls' } });
    });
    await send('One that takes long');
    let { job_id: id } = await ask('take', 'chat');
    await page.getByText('Too many polls. Trying again').waitFor();
    await page.clock.fastForward(30000);
    is(polls, 1, 'it waits as long as it is told to');
    await page.unroute('**/chat/progress');
    await page.route('**/chat/progress', (route) => {
        polls++;
        return route.abort();
    });
    await until(async () => {
        await page.clock.fastForward(10000);
        return polls >= 11;
    }, 'ten times nobody answers');
    await page.getByText('cannot be reached. Trying again').waitFor();
    await page.unroute('**/chat/progress');
    await ask('result', 'chat', id, { text: 'is there in the end' });
    await page.clock.fastForward(10000);
    await state('Done');
    await says('is there in the end');

    await page.route('**/chat/progress', (route) => route.abort());
    await send('One that nobody tells of');
    ({ job_id: id } = await ask('take', 'chat'));
    await until(async () => {
        await page.clock.fastForward(60000);
        return page.getByText('The job is lost').isVisible();
    }, 'it does not try for ever');
    await page.unroute('**/chat/progress');
    await ask('result', 'chat', id, {});
}


// A job is watched on by who has begun it
async function signOut({ page, ask, state, send, says }) {
    await send('One that is left alone');
    const { job_id: id } = await ask('take', 'chat');
    await state('Running');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByText('This endpoint needs an API key.').waitFor();
    await ask('result', 'chat', id, { text: 'is still there' });
    await state('Done');
    await says('is still there');
}


// A login that fails, or comes late, says nothing about the key
async function busy({ open, ask, is, until }) {
    const page = await open('/aime/play/#paint');
    await page.getByText('This endpoint needs an API key.').waitFor();
    await page.evaluate((key) => sessionStorage.setItem('aime-key', key),
        await ask('key'));
    let answer = { status: 503, json: { success: false, error: 'Too busy' } };
    await page.route('**/paint/login*', (route) => (answer
        ? route.fulfill(answer) : route.continue()));
    await page.reload();
    const banner = page.locator('.banner');
    await banner.getByText('Too busy').waitFor();
    answer = { json: { success: false, error: 'Key not valid' } };
    await page.locator('[name=prompt]').fill('a ship');
    await page.locator('#submit').click();
    await banner.getByText('Your API key is not good').waitFor();
    is(await page.locator('.run .errors strong').textContent(),
        'The server refused it', 'a refused login is no status');

    answer = { status: 503, json: { success: false, error: 'Too busy' } };
    await page.reload();
    await banner.getByText('Too busy').waitFor();
    answer = null;
    await banner.getByRole('button', { name: 'Try again' }).click();
    await until(() => banner.isHidden(), 'the next try may do');

    const late = gate();
    let logins = 0;
    await page.unroute('**/paint/login*');
    await page.route('**/paint/login*', async (route) => {
        if (logins++ === 0) {
            await late.opened;
        }
        await route.continue();
    });
    await page.reload();
    await until(() => logins === 1, 'the key is asked for');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await banner.getByText('This endpoint needs an API key.').waitFor();
    const told = page.waitForResponse('**/paint/login*');
    late.open();
    await (await told).finished();
    await page.evaluate(() => fetch('/api/endpoints')
        .then((list) => list.text()));
    is(await banner.isVisible(), true, 'a late answer is that of another key');
    await page.context().close();
}
