import assert from 'node:assert';
import { client, test, done, refusal, OpenAI } from './lib.mjs';

const openai = client();

await test('list', async () => {
    const models = [];
    for await (const model of openai.models.list()) {
        models.push(model);
    }
    const { id, object, created, owned_by } = models[0];
    assert.deepStrictEqual({ id, object, created, owned_by }, { id: 'chat',
        object: 'model', created: 1700000000, owned_by: 'tests' });
    const ids = models.map((model) => model.id);
    assert.ok(ids.includes('vendor/chat:8b'), 'an id with a slash');
    assert.ok(!ids.includes('theirs'), 'none of others');
});

await test('retrieve', async () => {
    assert.strictEqual((await openai.models.retrieve('chat')).id, 'chat');
    assert.strictEqual((await openai.models.retrieve('vendor/chat:8b')).id,
        'vendor/chat:8b');
});

await test('retrieve what is not there', async () => {
    const error = await refusal(openai.models.retrieve('no/such'));
    assert.ok(error instanceof OpenAI.NotFoundError);
    assert.strictEqual(error.code, 'model_not_found');
});

done();
