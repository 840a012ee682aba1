import assert from 'node:assert';
import { client, test, done, all } from './lib.mjs';

const { completions } = client();
const model = 'chat';

await test('plain', async () => {
    const answer = await completions.create({ model, prompt: 'hello' });
    assert.strictEqual(answer.object, 'text_completion');
    assert.strictEqual(answer.choices[0].text, 'You said: hello');
    assert.strictEqual(answer.choices[0].finish_reason, 'stop');
    assert.strictEqual(answer.usage.total_tokens, 8);
});

await test('stream', async () => {
    const chunks = await all(await completions.create({ model,
        prompt: 'hello', stream: true }));
    assert.ok(chunks.every((chunk) => chunk.object === 'text_completion'));
    assert.strictEqual(chunks.map((chunk) => chunk.choices[0]?.text ?? '')
        .join(''), 'You said: hello');
    assert.deepStrictEqual(chunks.map((chunk) =>
        chunk.choices[0]?.finish_reason).filter(Boolean), ['stop']);
});

done();
