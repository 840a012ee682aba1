import assert from 'node:assert';
import { client, test, done, open } from './lib.mjs';

const { images } = client();
const model = 'paint';

await test('base64', async () => {
    const answer = await images.generate({ model, prompt: 'a cat', n: 2,
        size: '512x256' });
    assert.ok(answer.created > 1e9);
    assert.deepStrictEqual(answer.data.map(({ b64_json }) =>
        Buffer.from(b64_json, 'base64').toString('latin1').slice(8)),
        ['a cat 1 of 512x256', 'a cat 2 of 512x256']);
});

await test('data URLs', async () => {
    const answer = await images.generate({ model, prompt: 'a dog',
        size: '8x8', response_format: 'url' });
    const picture = await (await fetch(answer.data[0].url)).blob();
    assert.strictEqual(picture.type, 'image/png');
    assert.ok((await picture.text()).endsWith('a dog 1 of 8x8'));
});

await test('stream, with a preview while the worker works', async () => {
    const stream = await images.generate({ model, prompt: 'slowly paint',
        size: '8x8', stream: true, partial_images: 1 });
    const events = [];
    for await (const event of stream) {
        events.push(event);
        open('paint');
    }
    assert.deepStrictEqual(events.map(({ type }) => type),
        ['image_generation.partial_image', 'image_generation.completed']);
    assert.strictEqual(events[0].partial_image_index, 0);
    assert.strictEqual(Buffer.from(events[0].b64_json, 'base64').toString(),
        'preview');
    assert.strictEqual(events[1].output_format, 'png');
});

done();
