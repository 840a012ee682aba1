// Of t/ui_playground.t: a server without streams, which the page polls

export default async function (t) {
    t.allow(/status of 404/, /status of 410/);
    const page = await t.open('/aime/play/');
    await page.getByRole('main').getByRole('button', { name: 'Sign in' })
        .click();
    await page.getByLabel('API key', { exact: true }).fill(await t.ask('key'));
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Sign out' }).waitFor();
    const pill = page.locator('.run .pill');
    const last = page.locator('.message.assistant').last();
    const box = page.getByLabel('Message', { exact: true });
    const state = (word) => t.until(async () =>
        await pill.textContent() === word, `it says ${word}`);

    await box.fill('Hello?');
    await box.press('Enter');
    const { job_id: id } = await t.ask('take', 'chat');
    await state('Running');
    await t.ask('report', 'chat', id, 50, { text: 'Good' });
    await t.until(async () => /Good$/.test(await last.textContent()),
        'the answer grows');
    await t.ask('result', 'chat', id, { text: 'Good day' });
    await state('Done');
    t.like(await last.textContent(), /Good day$/, 'and is there');

    await box.fill('Another one');
    await box.press('Enter');
    await state('Queued');
    await page.getByRole('button', { name: 'Stop' }).click();
    await state('Canceled');
    await page.getByText('Stopped.').waitFor();

    await box.fill('One that others cancel');
    await box.press('Enter');
    await t.ask('cancel', 'chat', (await t.ask('take', 'chat')).job_id);
    await state('Canceled');
    await t.until(() => page.getByRole('button', { name: 'Send' }).isVisible(),
        'the chat goes on');
}
