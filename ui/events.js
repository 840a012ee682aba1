// Server-sent events out of the body of a fetch: EventSource can send neither a
// body nor the header of who asks.

// Calls back with the lines of each event of what request(signal) is answered
// with, until that gives true or the body ends; an answer of null has none.
// Throws as fetch does when the caller's signal aborts, and when nothing at all
// has come for so many ms: a connection may die without a word.
export async function readEvents(request, { silence, signal }, onEvent) {
    const control = new AbortController();
    const stop = () => control.abort();
    let timer;
    const alive = () => {
        clearTimeout(timer);
        timer = setTimeout(stop, silence);
    };
    signal?.addEventListener('abort', stop);
    try {
        signal?.throwIfAborted();
        alive();
        const response = await request(control.signal);
        if (response) {
            await readBody(response.body, alive, onEvent);
        }
    } finally {
        clearTimeout(timer);
        signal?.removeEventListener('abort', stop);
        stop();                     // whoever has enough hangs up
    }
}

// An event may come in thousands of parts: each of them is looked at once
async function readBody(body, alive, onEvent) {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let parts = [], held = '';      // held: a line end that may be half of two
    for (;;) {
        const { value, done } = await reader.read();
        if (done) {
            return;
        }
        alive();
        const events = (held + value).split('\n\n');
        const rest = events.pop();
        for (const end of events) {
            const event = [...parts, end].join('');
            parts = [];
            if (onEvent(event.split('\n'))) {
                return;
            }
        }
        held = rest.endsWith('\n') ? '\n' : '';
        parts.push(rest.slice(0, rest.length - held.length));
    }
}
