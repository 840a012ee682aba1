// Of t/ui_dashboard.t: hundreds of workers and jobs

export default async function (t) {
    const page = await t.open('/aime/');
    await page.getByLabel('Name').fill('operator');
    await page.getByLabel('Password').fill(t.password);
    await page.keyboard.press('Enter');
    const workers = page.locator('#workers tbody tr');
    await t.until(async () => await workers.count() === 12,
        'of many workers the first ones are shown');
    t.is(await page.locator('#endpoints tbody tr').count(), 12,
        'of endpoints, too');
    const more = page.locator('#workers .more');
    t.is(await more.innerText(), 'Show 100 more of 300', 'with all there are');
    await more.click();
    await t.until(async () => await workers.count() === 112, 'more on request');
    t.is(await page.evaluate(() => document.activeElement.closest('tr')
        .rowIndex), 13, 'the focus goes to the first of them');
    await page.getByLabel('Find a worker').fill('GPU-29');
    await t.until(async () => await workers.count() === 11,
        'those that are looked for: 29, and 290 to 299');
    await page.getByLabel('Find a worker').fill('gpu-77 waiting');
    await t.until(async () => await workers.count() === 1, 'by what they are');
    await page.getByLabel('Find a worker').fill('no such');
    await page.locator('#workers').getByText('Nothing matches.').waitFor();
    await page.getByRole('tab', { name: /Waiting/ }).click();
    await t.until(async () => await page.locator('#jobs tbody tr').count()
        === 12, 'the first jobs of a queue');
    await t.until(async () => await page.locator('#jobs .rest').isVisible(),
        'which is longer than what is listed');
    t.is(await page.locator('#jobs tbody tr td').first().innerText(), '1',
        'from its head on');
    await t.axe(page, 'it keeps nobody out');
    await t.shot(page, 'dashboard-many', { fullPage: true });
}
