// Of t/ui_dashboard.t: what a page of another origin can have a browser send

export default async function (t) {
    t.allow(/./);                   // all that is refused is an error here
    const page = await t.open('/forms.html', {
        httpCredentials: { username: 'operator', password: t.password },
    });
    // the browser has the password: it sends it by itself
    const own = await page.context().newPage();
    const answer = await own.goto(t.admin);
    t.is(answer.status(), 200, 'the browser lets the administrator in');

    for (const [id, status] of [['plain', 415], ['encoded', 415],
        ['parts', 415]])
    {
        const form = await page.context().newPage();
        await form.goto(`${t.url}/forms.html`);
        const [refused] = await Promise.all([
            form.waitForResponse((response) => response.url()
                .endsWith('/cancel') && response.status() !== 401),
            form.evaluate((name) => document.getElementById(name).submit(), id),
        ]);
        t.is(refused.status(), status, `a form, ${id}`);
        await form.close();
    }

    const scripts = await page.evaluate(async ({ admin, job }) => {
        const send = (options) => fetch(`${admin}jobs/cancel`, {
            method: 'POST', credentials: 'include',
            body: JSON.stringify({ job_id: job }), ...options,
        }).then((response) => response.type, (error) => error.name);
        return [
            await send({ headers: { 'Content-Type': 'application/json' } }),
            await send({ mode: 'no-cors',
                headers: { 'Content-Type': 'application/json' } }),
            await fetch(`${admin}jobs`, { credentials: 'include' })
                .then((response) => response.type, (error) => error.name),
        ];
    }, { admin: t.admin, job: t.job });
    t.is(scripts, ['TypeError', 'opaque', 'TypeError'],
        'scripts: neither JSON, nor what is read');
    t.is((await t.ask('state', t.job)).job_state, 'queued',
        'nothing has happened to the job');
}
