// Of t/ui_dashboard.t: an operator at work

const VIEW = { viewport: { width: 1440, height: 900 } };

export default async function (t) {
    const page = await t.open('/aime/', VIEW);
    await signIn(t, page);
    await workers(t, page);
    await jobs(t, page);
    await failures(t, page);
    await actions(t, page);
    await reload(t, page);
    await looks(t, page);
    await phone(t);
    await restart(t, page);
}

function row(page, table, text) {
    return page.locator(`${table} tbody tr`, { hasText: text });
}

function tile(page, label) {
    return page.locator('.tile', { hasText: label }).locator('strong');
}

async function shows(t, locator, expected, name) {
    await t.until(async () => expected.test(await locator.innerText()), name);
}

async function yes(page, label) {
    await page.locator('dialog[open]').getByRole('button', { name: label })
        .click();
}

async function signIn(t, page) {
    t.ok(await page.getByRole('heading', { name: 'Sign in' }).isVisible(),
        'who is not signed in sees nothing but that');
    t.ok(await page.locator('#board').isHidden(), 'no board');
    await t.axe(page, 'signing in keeps nobody out');
    await t.shot(page, 'dashboard-sign-in');
    t.allow(/401/);
    await page.getByLabel('Name').fill('operator');
    await page.getByLabel('Password').fill('wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await shows(t, page.locator('#sign-in-error'), /wrong/,
        'a wrong password is called that');
    await impatient(t, page);
    await shows(t, page.locator('#live'), /Live/, 'a right one goes in');
    await shows(t, page.locator('#server'), /nginx \d/, 'and shows versions');
    t.is(await page.evaluate(() => window.streams), 1, 'with one stream');
}

// Once with a wrong password, which is answered last, and twice with the right
// one
async function impatient(t, page) {
    await page.evaluate(() => {
        const { fetch } = window;
        window.streams = 0;
        window.fetch = (url, options) => {
            window.streams += String(url).endsWith('/events') ? 1 : 0;
            return fetch(url, options);
        };
    });
    const held = [];
    await page.route('**/admin/', (route) => held.push(route));
    const password = page.getByLabel('Password');
    await password.fill('wrong again');
    await password.press('Enter');
    await password.fill(await t.ask('password'));
    await password.press('Enter');
    await password.press('Enter');
    await t.until(() => held.length === 3, 'three answers are awaited');
    for (const route of held.reverse()) {
        await route.fulfill({ response: await route.fetch() });
    }
    await page.unroute('**/admin/');
}

async function workers(t, page) {
    await shows(t, page.locator('#workers'), /No worker/, 'no worker yet');
    await t.ask('login', 'gpu-1', 'chat');
    const one = row(page, '#workers', 'gpu-1');
    await shows(t, one, /Waiting|Offline/, 'a worker appears');
    await shows(t, one, /Test GPU/, 'with its GPU');
    await t.ask('login', 'gpu-2', 'paint');
    await t.ask('login', 'gpu-3', 'transcribe');
    await shows(t, row(page, '#workers', 'gpu-3'), /Offline/,
        'one that says nothing any more goes offline');
}

async function jobs(t, page) {
    const chat = await t.ask('submit', 'chat');
    const paint = await t.ask('submit', 'paint');
    const more = await t.ask('submit', 'paint');
    await page.getByRole('tab', { name: /Waiting/ }).click();
    await shows(t, row(page, '#jobs', more.slice(0, 8)), /paint/,
        'a job that waits');
    await page.getByLabel(`Priority of ${more.slice(0, 8)}`)
        .selectOption('3');
    await t.until(async () => (await t.ask('state', more)).priority === 3,
        'gets another priority');
    t.is(await t.ask('take', 'gpu-1'), chat, 'the worker takes the first');
    t.is(await t.ask('take', 'gpu-2'), more, 'and the urgent one');
    await page.getByRole('tab', { name: /Running/ }).click();
    const running = row(page, '#jobs', chat.slice(0, 8));
    await shows(t, running, /no report yet/, 'a job that runs');
    await t.ask('progress', 'gpu-1', chat, 42);
    await shows(t, running, /42 %/, 'with its progress');
    await shows(t, row(page, '#workers', 'gpu-1'), /Busy/, 'its worker is busy');
    await shows(t, tile(page, 'Running'), /^2$/, 'both are counted');
    await shows(t, tile(page, 'Waiting'), /^1$/, 'and the one that waits');
    await t.shot(page, 'dashboard-jobs', { fullPage: true });

    await t.ask('result', 'gpu-1', chat, { text: 'done' });
    await t.until(async () => await running.count() === 0,
        'one that is done is gone');
    await shows(t, row(page, '#endpoints', 'chat'), /1/, 'and counted');

    // cancel the one that runs, from the page
    const other = row(page, '#jobs', more.slice(0, 8));
    await other.getByRole('button', { name: /Requeue/ }).click();
    await yes(page, 'Requeue');
    await t.until(async () => (await t.ask('state', more)).job_state
        === 'queued', 'a job is requeued');
    t.is(await t.ask('take', 'gpu-2'), more, 'and comes first again');
    await other.getByRole('button', { name: /Cancel/ }).click();
    await page.keyboard.press('Escape');
    t.is((await t.ask('state', more)).job_state, 'processing',
        'who does not say yes cancels nothing');
    await other.getByRole('button', { name: /Cancel/ }).click();
    await yes(page, 'Cancel');
    await t.until(async () => (await t.ask('state', more)).job_state
        === 'canceled', 'a job is canceled');
    await t.until(async () => await other.count() === 0, 'and gone');
    t.is((await t.ask('progress', 'gpu-2', more, 50))[0].canceled, true,
        'its worker is told');
}

async function failures(t, page) {
    const job = await t.ask('submit', 'chat');
    await t.ask('take', 'gpu-1');
    await t.ask('result', 'gpu-1', job, { error: 'out of memory' });
    await shows(t, tile(page, 'Failed'), /^1$/, 'a failure is counted');
    const failed = row(page, '#failures', job.slice(0, 8));
    await shows(t, failed, /out of memory/, 'and listed, with its error');
    await shows(t, failed, /Error[^]*chat[^]*tester[^]*gpu-1/,
        'with where it was');
    await page.getByRole('tab', { name: /Running/ }).focus();
    await page.keyboard.press('ArrowLeft');
    t.like(await page.getByRole('tab', { selected: true }).innerText(),
        /^Waiting/, 'tabs are changed by keys alone');
    await shows(t, row(page, '#workers', 'gpu-1'), /out of memory/,
        'its worker has the error');
}

async function actions(t, page) {
    const worker = row(page, '#workers', 'gpu-1');
    await worker.getByRole('button', { name: /Disable/ }).click();
    await shows(t, worker, /Disabled/, 'a worker is disabled');
    t.is((await t.ask('worker_state', 'gpu-1')).state, 'disabled', 'really');
    await worker.getByRole('button', { name: /Enable/ }).click();
    await t.until(async () => (await t.ask('worker_state', 'gpu-1')).state
        !== 'disabled', 'and enabled');

    const endpoint = row(page, '#endpoints', 'transcribe').first();
    await endpoint.getByRole('button', { name: /Close/ }).click();
    await yes(page, 'Close');
    await shows(t, endpoint, /Closed/, 'an endpoint is closed');
    t.is(await t.ask('submit_status', 'transcribe'), 503, 'and takes no job');
    await endpoint.getByRole('button', { name: /Open/ }).click();
    await shows(t, endpoint.locator('.chip'), /Open/, 'and opened');

    t.is(await t.ask('session'), 'tester', 'somebody logs in');
    await shows(t, page.locator('#sessions'), /tester/, 'and is seen');
    await page.getByRole('button', { name: 'Log out all' }).click();
    await yes(page, 'Log out all');
    await shows(t, page.locator('#sessions'), /Nobody/, 'until logged out');

    // what the server refuses is said
    const job = await t.ask('submit', 'paint');
    await page.getByRole('tab', { name: /Waiting/ }).click();
    const waiting = row(page, '#jobs', job.slice(0, 8));
    await waiting.waitFor();
    await page.route('**/admin/jobs/cancel', (route) => route.continue(
        { postData: JSON.stringify({ job_id: 'none' }) }));
    await waiting.getByRole('button', { name: /Cancel/ }).click();
    t.allow(/404|400/);
    await yes(page, 'Cancel');
    await shows(t, page.locator('#notice'), /There is no job of that id/,
        'an error is shown as one');
    await page.getByRole('button', { name: 'Dismiss' }).click();
    await page.unroute('**/admin/jobs/cancel');

    await page.getByRole('button', { name: /Reset/ }).click();
    await yes(page, 'Reset');
    await shows(t, tile(page, 'Failed'), /^0$/, 'counters begin anew');
}

// What is gone when nginx is, and comes back with it
async function restart(t, page) {
    t.allow(/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|ERR_EMPTY_RESPONSE/,
        /ERR_CONNECTION_RESET/);
    await t.ask('stop');
    await shows(t, page.locator('#live'), /Reconnecting/,
        'a server that is gone is said to be');
    await page.evaluate(() => document.dispatchEvent(
        new Event('visibilitychange')));
    t.like(await page.locator('#live').innerText(), /Reconnecting/,
        'also to who has looked at another tab meanwhile');
    await t.ask('start');
    await shows(t, page.locator('#live'), /Live/, 'and back when it is back');
    await shows(t, page.locator('#workers'), /No worker/,
        'with what it has then');
    await page.reload();
    await shows(t, page.locator('#live'), /Live/,
        'the tab stays signed in when it is loaded again');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    t.is(await page.evaluate(() => [sessionStorage.length,
        Object.values(localStorage).join()]), [0, 'dark'],
    'until one signs out');
}

// The stream ends with the old process, and the page comes back
async function reload(t, page) {
    await t.ask('reload');
    const job = await t.ask('submit', 'chat');
    await shows(t, row(page, '#jobs', job.slice(0, 8)), /chat/,
        'a reload of the server goes unnoticed');
    await shows(t, page.locator('#live'), /Live/, 'it is live');
}

async function looks(t, page) {
    await t.until(async () => await page.locator('.stroke').count() > 3,
        'charts have lines');
    await t.axe(page, 'the board keeps nobody out');
    await t.narrow(page, 'nothing sticks out');
    await t.shot(page, 'dashboard');
    for (let theme = ''; !/dark/.test(theme);) {
        await page.locator('#theme').click();
        theme = await page.locator('#theme').innerText();
    }
    await t.axe(page, 'nor in the dark');
    await t.shot(page, 'dashboard-dark');
}

async function phone(t) {
    const page = await t.open('/aime/', {
        viewport: { width: 375, height: 760 }, colorScheme: 'dark',
        isMobile: true, hasTouch: true,
    });
    await page.getByLabel('Name').fill('operator');
    await page.getByLabel('Password').fill(await t.ask('password'));
    await page.getByRole('button', { name: 'Sign in' }).click();
    await shows(t, page.locator('#live'), /Live/, 'on a phone');
    await row(page, '#workers', 'gpu-1').waitFor();
    await t.narrow(page, 'nothing sticks out of a phone');
    await t.axe(page, 'nor keeps people out');
    const dark = await page.evaluate(() =>
        getComputedStyle(document.body).backgroundColor);
    t.is(dark, 'rgb(13, 16, 23)', 'dark, as the phone is');
    await t.shot(page, 'dashboard-phone', { fullPage: true });
}
