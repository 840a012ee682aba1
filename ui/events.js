// Server-sent events out of the body of a fetch: EventSource can send neither a
// body nor the header of who asks.

// Calls back with the lines of each event, until that gives true or the body
// ends
export async function readEvents(body, onEvent) {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    for (;;) {
        const { value, done } = await reader.read();
        if (done) {
            return;
        }
        const events = (text + value).split('\n\n');
        text = events.pop();
        for (const event of events) {
            if (onEvent(event.split('\n'))) {
                reader.cancel().catch(() => {});
                return;
            }
        }
    }
}
