// Of t/ui_dashboard.t: a server whose file has no password

export default async function (t) {
    t.allow(/403/);
    const page = await t.open('/aime/');
    await page.getByRole('button', { name: /no password/ }).click();
    await t.until(async () => /switched off/.test(
        await page.locator('#door').innerText()), 'it says why');
    await t.axe(page, 'so that everybody can read it');
}
