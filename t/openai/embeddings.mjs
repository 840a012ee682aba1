import assert from 'node:assert';
import { client, test, done, refusal, OpenAI } from './lib.mjs';

const { embeddings } = client();
const model = 'embed';

await test('base64, which the client asks for by itself', async () => {
    let asked;
    const spying = client({ fetch: (url, init) => {
        asked = JSON.parse(init.body);
        return fetch(url, init);
    } });
    const answer = await spying.embeddings.create({ model, input: 'abc' });
    assert.strictEqual(asked.encoding_format, 'base64');
    assert.deepStrictEqual(answer.data, [{ object: 'embedding', index: 0,
        embedding: [0.375, 0.5, 0.625, 0.75] }]);
    assert.deepStrictEqual(answer.usage, { prompt_tokens: 1,
        total_tokens: 1 });
});

await test('floats, and several texts', async () => {
    const answer = await embeddings.create({ model, input: ['a', 'bbbb'],
        encoding_format: 'float' });
    assert.deepStrictEqual(answer.data.map(({ embedding }) => embedding[0]),
        [0.125, 0.5]);
    assert.deepStrictEqual(answer.data.map(({ index }) => index), [0, 1]);
});

await test('base64 as it is', async () => {
    const answer = await embeddings.create({ model, input: ['a'],
        encoding_format: 'base64' });
    const bytes = Buffer.from(answer.data[0].embedding, 'base64');
    assert.strictEqual(bytes.length, 16);
    assert.strictEqual(bytes.readFloatLE(0), 0.125);
});

await test('tokens and dimensions', async () => {
    const answer = await embeddings.create({ model, input: [[1, 2], [3]],
        dimensions: 1024 });
    assert.deepStrictEqual(answer.data.map(({ embedding }) => embedding[0]),
        [0.25, 0.125]);
    assert.strictEqual(answer.data[0].embedding.length, 1024);
});

await test('no input', async () => {
    const error = await refusal(embeddings.create({ model, input: [] }));
    assert.ok(error instanceof OpenAI.BadRequestError);
    assert.strictEqual(error.param, 'input');
});

done();
