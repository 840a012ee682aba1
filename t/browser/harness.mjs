// Of t/browser_harness.t: what goes wrong in a page is seen

export default async function (t) {
    const page = await t.open('/good.html');
    t.is(t.problems(), [], 'a good page has no problems');
    t.is(await t.ask('twice', 'ü'), 'üü', 'the test answers questions');
    await t.narrow(page, 'nothing sticks out of it');
    await t.axe(page, 'nothing in it keeps people out');
    await t.shot(page, 'harness');

    await t.open('/bad.html');
    const seen = [];
    for (const expected of [
        /^console error: wrong/,
        /^page error: .*thrown/,
        /^CSP violation: script-src-elem inline/,
        /^request to another host: http:\/\/localhost/,
    ]) {
        await t.until(() => {
            seen.push(...t.problems());
            return seen.some((text) => expected.test(text));
        }, `seen: ${expected}`);
    }
    t.allow(/wrong|thrown|inline|localhost|Content Security|ERR_/);
}
