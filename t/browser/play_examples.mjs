// Of t/ui_playground.t: the example endpoints, served by their own workers

export default async function (t) {
    const key = await t.ask('key');
    const started = async (endpoint, options) => {
        const page = await t.open(`/aime/play/#${endpoint}`,
            { viewport: { width: 1280, height: 860 }, ...options });
        await page.evaluate((k) => sessionStorage.setItem('aime-key', k), key);
        await page.reload();
        await page.getByText('1 worker online').first().waitFor();
        await page.getByRole('button', { name: 'Sign out' }).waitFor();
        return page;
    };
    // what was on the page at any time, however briefly: texts by selector
    const watch = (page, ...selectors) => page.evaluate((list) => {
        window.seen = {};
        new MutationObserver(() => list.forEach((selector) => {
            const node = document.querySelector(selector);
            if (node) {
                (window.seen[selector] ??= []).push(node.textContent);
            }
        })).observe(document.body, { subtree: true, childList: true,
            attributes: true, characterData: true });
    }, selectors);
    const seen = (page, selector) => page.evaluate((one) =>
        window.seen[one] ?? [], selector);
    const done = (page) => t.until(async () =>
        await page.locator('.run .pill').textContent() === 'Done', 'done', 60);

    // text that streams, on a wide window and on a phone
    for (const [name, options] of [['chat', {}], ['chat-phone', {
        viewport: { width: 375, height: 760 }, isMobile: true, hasTouch: true,
        colorScheme: 'dark' }]])
    {
        const page = await started('markov_chat', options);
        await page.locator('[name=max_gen_tokens]').fill('60');
        await page.locator('[name=seed]').fill('7');
        const box = page.getByLabel('Message', { exact: true });
        const answer = page.locator('.message.assistant .message-body').last();
        await box.fill('In the morning the river');
        await watch(page, '.message.streaming');
        await box.press('Enter');
        await t.until(async () => (await seen(page, '.message.streaming'))
            .length > 0, 'words come while it runs');
        await done(page);
        const words = (await answer.textContent()).split(/\s+/).length;
        t.ok(words > 20 && words <= 60, `all the words: ${words}`);
        await page.getByLabel('Conversation').evaluate((log) => {
            log.scrollTop = 0;
            document.activeElement.blur();
        });
        await t.narrow(page, 'nothing sticks out');
        await page.getByRole('tab', {
            name: 'Python', exact: true }).click();
        await page.evaluate(() => scrollTo(0, 0));
        await t.shot(page, `playground-${name}`);
        await page.context().close();
    }

    // a picture with previews
    const page = await started('mandelbrot', {});
    await page.locator('[name=center_x]').fill('-0.7435');
    await page.locator('[name=center_y]').fill('0.1314');
    await page.locator('[name=zoom]').fill('400');
    await page.locator('[name=width]').fill('400');
    await page.locator('[name=height]').fill('304');
    await page.locator('[name=palette]').selectOption('ocean');
    await watch(page, '.so-far img', '.run .where');
    await page.locator('#submit').click();
    await t.until(async () => (await seen(page, '.so-far img')).length > 0,
        'a preview');
    await t.until(async () => (await seen(page, '.run .where'))
        .some((text) => parseInt(text, 10) >= 30), 'its percent', 60);
    await t.shot(page, 'playground-preview');
    await done(page);
    await t.until(() => page.locator('.run figure img').evaluate(
        (img) => img.naturalWidth === 400), 'the picture');
    await page.evaluate(() => document.activeElement.blur());
    await t.shot(page, 'playground-image');
}
