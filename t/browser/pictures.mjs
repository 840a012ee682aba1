// Of t/ui_pictures.t: a board full of life

import fs from 'node:fs';
import path from 'node:path';

const SIZE = { width: 1440, height: 1180 };

export default async function (t) {
    const page = await t.open('/aime/', { viewport: SIZE });
    await page.getByLabel('Name').fill('operator');
    await page.getByLabel('Password').fill(await t.ask('password'));
    await page.getByRole('button', { name: 'Sign in' }).click();
    t.is(await t.ask('disable'), 200, 'one that is disabled');
    await t.ask('wait', 55);
    await t.ask('submit', 'xtts');
    await t.ask('submit', 'xtts');
    await t.ask('wait', 14);
    await t.until(async () => await page.locator('#jobs tbody tr').count() > 3,
        'jobs run');
    for (const scheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme: scheme });
        await page.evaluate(() => scrollTo(0, 0));
        const file = await t.shot(page, `dashboard-alive-${scheme}`);
        const size = fs.statSync(file).size;
        t.ok(size < 200 * 1024, `${scheme}: ${size} bytes`);
        fs.mkdirSync(t.images, { recursive: true });
        fs.copyFileSync(file, path.join(t.images, scheme === 'light'
            ? 'dashboard.png' : 'dashboard-dark.png'));
        await t.shot(page, `dashboard-whole-${scheme}`, { fullPage: true });
    }
    await page.setViewportSize({ width: 390, height: 844 });
    await t.ask('wait', 1);
    await t.narrow(page, 'nothing sticks out of a phone');
    await t.shot(page, 'dashboard-alive-phone', { fullPage: true });
}
