// The playground as its scenarios see it: what is on a page, and what to wait for

export function playground(t, page) {
    const job = page.locator('.run');
    const pill = job.locator('.pill');
    const shown = (name) => page.getByRole('heading',
        { level: 1, name: `Test of ${name}` }).waitFor();
    return {
        ...t, page, job, shown,
        at: (name) => page.locator(`main [name=${name}]`),
        gone: async (name) => {
            await page.getByRole('link', { name }).click();
            await shown(name);
        },
        state: (word) => t.until(async () =>
            await pill.textContent() === word, `it says ${word}`),
    };
}
