// Of t/ui_playground.t: endpoints of all kinds, from picking one to its result

import { playground } from './play_page.mjs';

const WIDE = { viewport: { width: 1360, height: 860 } };

export default async function (t) {
    const page = await t.open('/aime/play/#chat', WIDE);
    const tab = async (name) => {
        await page.getByRole('tab', { name, exact: true }).click();
        return page.getByLabel('Code', { exact: true }).textContent();
    };
    const tools = { ...playground(t, page), tab };

    await signIn(tools);
    await chat(tools);
    await paint(tools);
    await mistakes(tools);
    await canceled(tools);
    await listen(tools);
    await olderChat(tools);
    await vanished(tools);
    await looks(tools);
}


async function signIn({ page, is, until, ask, axe, shot }) {
    const names = page.getByRole('navigation', { name: 'Endpoints' })
        .getByRole('link');
    await until(async () => await names.count() === 4, 'all endpoints');
    const banner = page.getByText('This endpoint needs an API key.');
    await banner.waitFor();
    const main = page.getByRole('main');
    await page.getByLabel('Message', { exact: true }).fill('Hello?');
    await page.getByRole('button', { name: 'Send' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.waitFor();
    await axe(page, 'the dialog keeps nobody out');
    const key = page.getByLabel('API key', { exact: true });
    await key.fill('nobody-has-this');
    await page.keyboard.press('Enter');
    await page.getByText('Key not valid').waitFor();
    await page.keyboard.press('Escape');
    await main.getByText('Sign in to send this.').waitFor();
    await page.getByRole('button', { name: 'Clear' }).click();
    await main.getByRole('button', { name: 'Sign in' }).click();
    await key.fill(await ask('key'));
    await page.keyboard.press('Enter');
    await until(() => banner.isHidden(), 'a key opens it');
    await page.reload();
    await page.getByRole('button', { name: 'Sign out' }).waitFor();
    await until(() => banner.isHidden(), 'also after a reload');
    is(await page.evaluate(() => Object.keys(localStorage)), [],
        'nothing is kept for longer than the tab');
    await shot(page, 'play-signed-in');
}


async function chat({ sdk, page, at, is, like, until, ask, axe, shot, state,
    tab, job, allow })
{
    const box = page.getByLabel('Message', { exact: true });
    const last = page.locator('.message.assistant .message-body').last();
    await page.getByLabel('Role of the message').selectOption('system');
    await box.fill('You are a lighthouse keeper.');
    await page.getByRole('button', { name: 'Add' }).click();
    await at('temperature').fill('0.3');
    await at('seed').fill('9007199254740993');
    await box.fill('What did you see <b>last night</b>?');
    like(await tab('curl'), /"content": "You are a lighthouse keeper\."/,
        'the code has what was said');
    await box.press('Enter');

    const taken = await ask('take', 'chat');
    is(taken.chat_context, [
        { role: 'system', content: 'You are a lighthouse keeper.' },
        { role: 'user', content: 'What did you see <b>last night</b>?' },
    ], 'the worker has the messages');
    is([taken.temperature, taken.seed, taken.top_k],
        [0.3, '9007199254740993', 40], 'and the settings, as they were typed');
    await state('Running');
    const said = 'Three ships, and a **very** bright star.';
    await ask('report', 'chat', taken.job_id, 30, { text: 'Three ships' });
    await until(async () => (await last.textContent()).includes('Three ships'),
        'the answer streams');
    await until(async () => (await job.locator('.where').textContent())
        === '30 %', 'with its percent');
    await shot(page, 'play-chat-streams');
    await ask('report', 'chat', taken.job_id, 60, { text: said });
    await until(async () => (await last.textContent()).startsWith(
        'Three ships, and a very bright'), 'and grows');
    await ask('result', 'chat', taken.job_id, { num_generated_tokens: 97,
        text: `${said}\n\nMy log says:\n\n\`\`\`text\n22:10 <brig>\n`
            + '23:40 schooner\n```\n\n- all were bound south\n- none called' });
    await state('Done');
    is(await last.locator('pre').textContent(), '22:10 <brig>\n23:40 schooner',
        'code is code');
    is(await last.locator('li').count(), 2, 'lists are lists');
    is(await page.locator('main b').count(), 0, 'no text becomes markup');
    await axe(page, 'a chat keeps nobody out');
    await shot(page, 'play-chat');

    await openai({ sdk, page, is, like, until, ask, tab, allow });

    const png = await ask('picture', 40, 30, 200, 90, 30);
    await page.locator('.composer input[type=file]').setInputFiles({
        name: 'sky.png', mimeType: 'image/png',
        buffer: Buffer.from(png.split(',')[1], 'base64') });
    await page.locator('.attachment img').waitFor();
    await box.fill('And this?');
    await page.getByRole('button', { name: 'Send' }).click();
    const next = await ask('take', 'chat');
    is(next.chat_context.length, 4, 'the conversation goes on');
    is(next.chat_context[3].content, [{ image: png }, { text: 'And this?' }],
        'with a picture in it');
    await ask('result', 'chat', next.job_id, { error: 'out of memory' });
    await state('Failed');
    await page.locator('.composer').getByText('out of memory').waitFor();
    like(await tab('Python'), /"image": data_url\("image\/png", "sky.png"\)/,
        'code reads it from a file');
    await ask('run', await tab('JavaScript'),
        'node --input-type=module - <', 'sky.png', png.split(',')[1]);
    const again = await ask('take', 'chat');
    is([again.chat_context[3].content[0], again.seed], [{ image: png },
        '9007199254740993'], 'also where it is one in a text');
    await ask('result', 'chat', again.job_id, { text: 'Clouds' });
    is((await ask('ended')).status, 0, 'and ends well');
}


// The same by OpenAI's own client
async function openai({ sdk, page, is, like, until, ask, tab, allow }) {
    const code = () => page.getByLabel('Code', { exact: true }).textContent();
    for (const [name, command] of [['curl', 'sh'], ['Python', 'python3'],
        ['JavaScript', 'node --input-type=module - <']])
    {
        await ask('run', await tab(name), command);
        const { job_id: id, seed } = await ask('take', 'chat');
        is(seed, '9007199254740993', `${name} code rounds nothing`);
        await ask('result', 'chat', id, { text: 'Three ships' });
        const { status, output } = await ask('ended');
        is(status, 0, `${name} code of a chat ends well`);
        like(output, /Three ships/, 'with its answer');
    }
    // a list that cannot be had now is asked for again
    allow(/status of 503/);
    await page.route('**/v1/models', (route) => route.fulfill({ status: 503,
        json: { error: { message: 'Try again later' } } }), { times: 1 });
    await tab('OpenAI (Python)');
    await page.getByText('Try again later').waitFor();
    await tab('curl');
    await tab('OpenAI (Python)');
    await until(async () => /model="keeper"/.test(await code()),
        'the model of the endpoint');
    like(await code(), /extra_body=\{\s*"seed"|seed=9007199254740993,/,
        'with the settings');
    await ask('run', await code(), 'python3 -m py_compile');
    is(await ask('ended'), { status: 0, output: '', files: [] },
        'the OpenAI (Python) code is Python');

    await tab('OpenAI (JS)');
    await until(async () => /new OpenAI/.test(await code()), 'the other');
    if (!sdk || parseInt(process.versions.node, 10) < 20) {
        return;                 // it is not there, or needs a newer node
    }
    await ask('run', await code(), 'node --input-type=module - <');
    const taken = await ask('take', 'chat');
    is(taken.chat_context, [
        { role: 'system', content: 'You are a lighthouse keeper.' },
        { role: 'user', content: 'What did you see <b>last night</b>?' },
    ], 'the OpenAI (JS) code sends the same');
    is([taken.temperature, taken.seed], [0.3, '9007199254740993'],
        'with its settings');
    await ask('report', 'chat', taken.job_id, 50, { text: 'Three' });
    await ask('result', 'chat', taken.job_id, { text: 'Three ships' });
    is(await ask('ended'), { status: 0, output: 'Three ships\n', files: [] },
        'and prints the answer');
}


async function paint({ sdk, page, at, is, ok, like, until, ask, axe, shot,
    state, gone, tab, job })
{
    await gone('paint');
    await at('prompt').fill("It's a \"ship\" at $HOME, `now` \\ ü");
    const slider = page.getByLabel('width, slider');
    await slider.focus();
    await page.keyboard.press('ArrowRight');
    is(await at('width').inputValue(), '520', 'a slider goes by align');
    await at('guidance').fill('7');
    is(await page.getByLabel('guidance, slider').inputValue(), '7',
        'a number moves its slider');
    await page.getByLabel('zoom, slider').fill('500');
    is(await at('zoom').inputValue(), '316000',
        'a slider of a wide range goes by ratios');
    await at('style').selectOption('ink');
    await at('tiled').check();
    is(await at('extra').inputValue(), '{\n    "id": 9007199254740993\n}',
        'a default is shown as it is');
    await at('extra').fill('{"a": [1');
    await page.locator('#submit').click();
    await page.locator('.field.json .field-error').getByText('Is no JSON')
        .waitFor();
    await at('extra').fill('{"a": [1, 9007199254740993]}');
    await page.keyboard.press('Control+Enter');

    const taken = await ask('take', 'paint');
    is([taken.prompt, taken.width, taken.guidance, taken.style, taken.tiled,
        taken.extra], ["It's a \"ship\" at $HOME, `now` \\ ü", 520, 7, 'ink',
        true, '{"a":[1,9007199254740993]}'],
    'the worker has what the form shows');
    await ask('report', 'paint', taken.job_id, 40,
        { progress_images: [await ask('picture', 20, 15, 90, 90, 200)] });
    await until(() => job.locator('.so-far img').isVisible(), 'a preview');
    is(await job.getByRole('progressbar').evaluate((bar) => bar.value), 40,
        'the bar');
    await axe(page, 'a running job keeps nobody out');
    const images = [await ask('picture', 320, 200, 30, 120, 90),
        await ask('picture', 320, 200, 130, 60, 190)];
    await ask('result', 'paint', taken.job_id, { images, seed: 7 });
    await state('Done');
    await until(async () => await job.locator('figure img').evaluateAll(
        (all) => all.map((img) => img.naturalWidth)).then(String)
        === '320,320', 'a gallery');
    like(await job.locator('figcaption').first().textContent(),
        /320 × 200 PNG/, 'with what it is');
    const [kept] = await Promise.all([page.waitForEvent('download'),
        job.getByRole('link', { name: 'Download' }).first().click()]);
    like(kept.suggestedFilename(), /^paint-[0-9a-f]{8}-images-1\.png$/,
        'to keep');
    await job.getByText('The whole answer').click();
    ok(await job.getByText('"data:image/png;base64,… (').first().isVisible(),
        'long values are cut');
    await axe(page, 'a result keeps nobody out');

    await runs({ ask, is, like, tab }, 'curl', 'sh', ({ output }) =>
        like(output, /"images": ?\["data:image/, 'and prints the answer'),
    taken, images);
    for (const [name, command] of [['Python', 'python3'],
        ['JavaScript', 'node --input-type=module - <']])
    {
        await runs({ ask, is, like, tab }, name, command, (made) => {
            is(made.files, ['images-0.png', 'images-1.png'], 'and saves it');
            like(made.output, /seed/, 'and prints the rest');
        }, taken, images);
    }
    const shown = () => page.getByLabel('Code', { exact: true }).textContent();
    await tab('OpenAI (Python)');
    await until(async () => /images\.generate/.test(await shown()),
        'the client for Python');
    await ask('run', await shown(), 'python3 -m py_compile');
    is((await ask('ended')).status, 0, 'its code is Python');
    if (sdk && parseInt(process.versions.node, 10) >= 20) {
        await tab('OpenAI (JS)');
        await until(async () => /new OpenAI/.test(await shown()), 'the other');
        await runs({ ask, is, tab }, 'OpenAI (JS)',
            'node --input-type=module - <', (made) => {
                is(made.files, ['image-0.png', 'image-1.png'],
                    'and saves it, too');
            }, taken, images);
    }
}


// The code runs, and makes the same job
async function runs({ ask, is, tab }, name, command, check, like, images) {
    await ask('run', await tab(name), command);
    const taken = await ask('take', 'paint');
    const { prompt, width, guidance, style, tiled, extra } = taken;
    is([prompt, width, guidance, style, tiled, extra], [like.prompt,
        like.width, like.guidance, like.style, like.tiled, like.extra],
    `the ${name} code sends the same`);
    await ask('result', 'paint', taken.job_id, { images, seed: 7 });
    const made = await ask('ended');
    is(made.status, 0, `the ${name} code ends well`);
    check(made);
}


async function mistakes({ page, at, is, ok, until, axe, shot, state, allow,
    job })
{
    allow(/status of 400/);
    await at('prompt').fill('x'.repeat(301));
    await at('width').fill('513');
    await at('guidance').fill('21');
    await page.locator('#submit').click();
    await state('Refused');
    const error = (name) => page.locator('.field').filter({
        has: page.locator(`[name=${name}]`) })
        .locator('.field-error');
    is(await error('width').textContent(), '513 is not a multiple of 8',
        'an error beside its field');
    is(await error('guidance').textContent(), '21 is above the maximum of 20.0',
        'another beside its own');
    ok(/longer than the maximum/.test(await error('prompt').textContent()),
        'all of them at once');
    is(await at('width').getAttribute('aria-invalid'), 'true', 'marked');
    is(await job.locator('.errors li').count(), 3, 'and listed');
    ok(await at('prompt').evaluate((e) => e === document.activeElement),
        'the first one has the focus');
    await axe(page, 'errors keep nobody out');
    await shot(page, 'play-errors');
    await until(() => page.locator('#submit').isEnabled(), 'to try again');
}


async function canceled({ page, at, is, until, ask, shot, state, job }) {
    await at('prompt').fill('a slow one');
    await at('width').fill('512');
    await at('guidance').fill('3.5');
    await page.locator('#submit').click();
    await state('Queued');
    await until(async () => (await job.locator('.where').textContent())
        === 'number 1 in the queue', 'its place');
    await job.getByText('1', { exact: true }).waitFor();
    await shot(page, 'play-queued');
    const taken = await ask('take', 'paint');
    await state('Running');
    await page.getByRole('button', { name: 'Cancel' }).click();
    await state('Canceled');
    const [answer] = await ask('report', 'paint', taken.job_id, 50, null);
    is(answer.canceled, true, 'the worker is told');
    await ask('result', 'paint', taken.job_id, {});
}


async function listen({ page, at, is, ok, like, until, ask, axe, state, gone,
    tab, job })
{
    await page.getByRole('button', { name: 'Sign out' }).click();
    await gone('listen');
    is(await page.getByText('needs an API key').count(), 0,
        'an open endpoint wants no key');
    await page.locator('#submit').click();
    await page.locator('.field.audio .field-error').getByText('Is required')
        .waitFor();
    await page.getByRole('button', { name: 'Record' }).click();
    const stop = page.getByRole('button', { name: 'Stop recording' });
    await stop.getByText('1 s').waitFor();
    await stop.click();
    await page.getByText(/^recording\.webm, /).waitFor();
    await page.locator('#submit').click();
    let taken = await ask('take', 'listen');
    like(taken.audio.slice(0, 40), /^data:audio\/webm;base64,GkXfo/,
        'the worker has the recording');
    await ask('result', 'listen', taken.job_id, { text: 'beep' });
    await state('Done');
    await page.getByRole('button', { name: 'Remove' }).click();

    const sound = await ask('sound');
    await at('audio').setInputFiles({ name: 'a tone.wav',
        mimeType: 'audio/wav', buffer: Buffer.from(sound, 'base64') });
    const png = await ask('picture', 8, 8, 9, 9, 9);
    await page.evaluate((base64) => {
        const data = new DataTransfer();
        const body = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
        data.items.add(new File([body], 'shot.png', { type: 'image/png' }));
        document.body.dispatchEvent(new ClipboardEvent('paste',
            { clipboardData: data, bubbles: true, cancelable: true }));
    }, png.split(',')[1]);
    await page.getByText(/^shot\.png, /).waitFor();
    await page.locator('#submit').click();
    taken = await ask('take', 'listen');
    is(taken.audio, `data:audio/wav;base64,${sound}`, 'a file');
    is(taken.picture, png, 'a picture that was pasted');
    const segments = [{ start: 0, end: 0.5, text: 'one tone',
        words: ['one', 'tone'] }, { start: 0.5, end: 1, text: '' }];
    await ask('result', 'listen', taken.job_id, { text: 'One tone.', segments,
        speech: `data:audio/wav;base64,${sound}` });
    await state('Done');
    await until(() => job.locator('audio').evaluate((a) => a.duration === 1),
        'sound to listen to');
    ok(await job.locator('.json-view').getByText('"one tone"').first()
        .isVisible(), 'JSON as a tree');
    await axe(page, 'media keep nobody out');

    await page.getByRole('button', { name: 'Remove' }).last().click();
    await until(async () => !/shot/.test(await tab('curl')), 'taken out');
    for (const [name, command] of [['curl', 'sh'], ['Python', 'python3'],
        ['JavaScript', 'node --input-type=module - <']])
    {
        await ask('run', await tab(name), command, 'a tone.wav', sound);
        taken = await ask('take', 'listen');
        is(taken.audio, `data:audio/wav;base64,${sound}`,
            `the ${name} code logs in and reads the file`);
        await ask('result', 'listen', taken.job_id, { text: 'One tone.',
            speech: `data:audio/wav;base64,${sound}` });
        is(await ask('ended').then(({ status, files }) => [status, ...files]),
            [0, 'a tone.wav', ...name === 'curl' ? [] : ['speech.wav']],
            'and ends well');
    }
}


async function olderChat({ page, is, until, ask, state, gone, tab }) {
    await gone('old_chat');
    const main = page.getByRole('main');
    await main.getByRole('button', { name: 'Sign in' }).click();
    const key = page.getByLabel('API key', { exact: true });
    await key.fill(await ask('key'));
    await page.getByLabel('User').fill('nobody');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').locator('.field-error:not(:empty)')
        .waitFor();
    await page.getByLabel('User').fill('tester');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Sign out tester' }).waitFor();
    const box = page.getByLabel('Message', { exact: true });
    for (const [i, words] of ['first', 'second'].entries()) {
        await box.fill(words);
        await box.press('Enter');
        const taken = await ask('take', 'old_chat');
        is(taken.prompt_input, words, 'the last message apart');
        is((taken.chat_context ?? []).length, 2 * i, 'the others as context');
        await ask('result', 'old_chat', taken.job_id, { text: 'yes' });
        await state('Done');
        await until(async () => await page.locator('.message').count()
            === 2 * i + 2, 'question and answer');
    }
    for (const [name, command] of [['curl', 'sh'], ['Python', 'python3'],
        ['JavaScript', 'node --input-type=module - <']])
    {
        await ask('run', await tab(name), command);
        const taken = await ask('take', 'old_chat');
        is([taken.prompt_input, (taken.chat_context ?? []).length],
            ['second', 2], `the ${name} code sends it in a query`);
        await ask('result', 'old_chat', taken.job_id, { text: 'yes' });
        is((await ask('ended')).status, 0, 'and ends well');
    }
    await page.getByText('Form', { exact: true }).click();
    await page.locator('textarea[name=chat_context]').waitFor();
    await page.getByText('Chat', { exact: true }).click();
    is(await page.locator('.message').count(), 4, 'the chat is still there');
}


// A server that is reloaded meanwhile, and a worker that fails
async function vanished({ page, at, ask, state, gone, job, is, until, allow })
{
    allow(/status of 503/);
    // sent while the page still asks whether the key is good for it
    let logins = 0, answer;
    const sent = new Promise((wake) => { answer = wake; });
    await page.route('**/paint/login*', async (route) => {
        logins++;
        await sent;
        await route.continue();
    });
    let streams = 0;
    await page.route('**/stream_progress', (route) => {
        streams++;
        return streams > 2 ? route.continue() : route.fulfill(streams === 2
            ? { status: 503 } : { contentType: 'text/event-stream',
                body: 'data: {"job_state":"queued"}\n\n' });
    });
    await gone('paint');
    await at('prompt').fill('a ship');
    await page.locator('#submit').click();
    await state('Sending');
    answer();
    let taken = await ask('take', 'paint');
    await state('Running');
    is(logins, 1, 'one session for all that a page does');
    await page.unroute('**/paint/login*');
    await until(() => streams === 3, 'and a stream that broke off comes back');
    await page.unroute('**/stream_progress');
    await ask('reload');
    await ask('report', 'paint', taken.job_id, 70, {});
    await until(async () => await job.locator('.where').textContent()
        === '70 %', 'a reload does not part the page from its job');
    await ask('result', 'paint', taken.job_id,
        { images: [await ask('picture', 9, 9, 9, 9, 9)] });
    await state('Done');

    await at('prompt').fill('<img src=x onerror=alert(1)>');
    await page.locator('#submit').click();
    taken = await ask('take', 'paint');
    await ask('result', 'paint', taken.job_id,
        { error: 'CUDA <b>out of</b> memory' });
    await state('Failed');
    is(await job.locator('.errors li').textContent(),
        'CUDA <b>out of</b> memory', 'a worker that failed says why');
}


// Submitted from there, too: the result comes into view
async function onPhone({ page, ask, ok, name, shot }) {
    await page.locator('[name=prompt]').fill('a ship');
    await page.locator('#submit').click();
    const { job_id: id } = await ask('take', 'paint');
    await ask('result', 'paint', id,
        { images: [await ask('picture', 320, 200, 30, 120, 90)] });
    await page.locator('.run figure img').waitFor();
    const { top } = await page.locator('.run .pill').evaluate((pill) =>
        pill.getBoundingClientRect().toJSON());
    ok(top > 0 && top < 700, `${name}: the result is in view (${top})`);
    await shot(page, `play-${name}-result`);
}


async function looks({ page, open, is, ok, ask, axe, shot, narrow, like }) {
    const key = await ask('key');
    for (const [name, options] of [
        ['phone', { viewport: { width: 375, height: 760 }, isMobile: true,
            hasTouch: true }],
        ['phone-dark', { viewport: { width: 375, height: 760 },
            colorScheme: 'dark' }],
        ['dark', { ...WIDE, colorScheme: 'dark' }],
    ]) {
        for (const endpoint of ['chat', 'paint', 'listen']) {
            const other = await open(`/aime/play/#${endpoint}`, options);
            await other.evaluate((k) => sessionStorage.setItem('aime-key', k),
                key);
            await other.reload();
            await other.getByRole('heading', { level: 1 }).waitFor();
            await other.getByRole('button', { name: 'Sign out' }).waitFor();
            await narrow(other, `${endpoint}, ${name}: nothing sticks out`);
            await axe(other, `${endpoint}, ${name}: keeps nobody out`);
            if (options.colorScheme) {
                like(await other.evaluate(() =>
                    getComputedStyle(document.body).backgroundColor),
                /^rgb\((\d|[1-3]\d), /, `${name}: is dark`);
            }
            await shot(other, `play-${name}-${endpoint}`);
            if (endpoint === 'paint') {
                await onPhone({ page: other, ask, ok, name, shot });
            }
            await other.context().close();
        }
    }
    const theme = page.getByRole('button', { name: 'Theme' });
    await theme.click();
    await theme.click();
    is(await page.evaluate(() => document.documentElement.dataset.theme),
        'dark', 'dark by choice');
    await axe(page, 'dark by choice keeps nobody out');

    // by keyboard alone
    const other = await open('/aime/play/', WIDE);
    await other.getByRole('heading', { level: 1 }).waitFor();
    await other.keyboard.press('Tab');
    ok(await other.getByText('Skip to the endpoint').evaluate((link) =>
        link === document.activeElement), 'a link skips the list');
}
