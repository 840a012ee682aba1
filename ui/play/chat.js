// A conversation: messages, and the box that the next one is written in.

import { bytes, copyButton, el, fill, icon, unique } from '../dom.js';
import { markdown } from './markdown.js';
import { fileOf, forget, preview, wantsWav } from './media.js';
import { record } from './record.js';
import { Medium } from './values.js';

const ROLES = ['user', 'assistant', 'system'];
const KINDS = ['image', 'audio', 'video'];

export class Chat {
    // rules: of the chat_context parameter; canSend() tells whether onSend()
    // would do it now; onStop(), onChange()
    constructor(rules, { canSend, onSend, onStop, onChange }) {
        this.kinds = KINDS.filter((kind) =>
            (rules.support ?? []).includes(kind));
        this.rules = rules;
        this.on = { canSend, onSend, onStop, onChange };
        this.messages = [];
        this.media = [];
        this.busy = false;
        this.heard = '';
        this.frame = null;
        this.log = el('ol', { class: 'messages', 'aria-label': 'Messages' });
        this.blank = el('p', { class: 'empty' },
            'Say something to begin. Enter sends, Shift and Enter begin a '
            + 'new line.');
        this.element = el('div', { class: 'chat' },
            el('div', {
                class: 'chat-log', role: 'log', tabindex: 0,
                'aria-label': 'Conversation',
            }, this.blank, this.log), this.composer());
        this.scroller = this.element.querySelector('.chat-log');
        this.shown();
    }

    composer() {
        const id = unique('message');
        this.box = el('textarea', {
            id, rows: 2, placeholder: 'Write a message', class: 'message-box',
            oninput: () => this.on.onChange(),
            onkeydown: (event) => {
                if (event.key === 'Enter' && !event.shiftKey
                    && !event.isComposing)
                {
                    event.preventDefault();
                    this.submit();
                }
            },
        });
        this.role = el('select', {
            'aria-label': 'Role of the message', onchange: () => this.shown(),
        }, ROLES.map((role) => el('option', {}, role)));
        this.send = el('button', {
            type: 'button', class: 'primary', id: 'send',
            onclick: () => (this.busy ? this.on.onStop() : this.submit()),
        });
        this.attached = el('div', { class: 'attached' });
        this.error = el('p', { class: 'field-error', role: 'alert' });
        return el('div', { class: 'composer' },
            el('label', { for: id, class: 'offscreen' }, 'Message'),
            this.attached, this.box,
            el('div', { class: 'composer-row' },
                el('div', { class: 'select small' }, this.role),
                this.attachers(),
                el('button', {
                    type: 'button', class: 'quiet', onclick: () =>
                        this.clear(),
                }, 'Clear'),
                el('span', { class: 'grow' }), this.send),
            this.error);
    }

    attachers() {
        if (!this.kinds.length) {
            return null;
        }
        const input = el('input', {
            type: 'file', class: 'offscreen', tabindex: -1, multiple: true,
            'aria-label': 'Files', accept: this.kinds.map((kind) =>
                `${kind}/*`).join(),
            onchange: () => {
                this.paste(input.files);
                input.value = '';
            },
        });
        return [input, el('button', {
            type: 'button', class: 'quiet', 'aria-label': 'Attach a file',
            onclick: () => input.click(),
        }, icon('attach'), el('span', {}, 'Attach')),
        this.kinds.includes('audio') ? record({
            wav: wantsWav(this.rules.audio ?? {}),
            done: (medium) => this.attach(medium),
            failed: (text) => {
                this.error.textContent = text;
            },
        })?.button : null];
    }

    // Files that came by paste, drop or choice: true when some were taken
    paste(files) {
        let taken = false;
        for (const file of files ?? []) {
            const kind = this.kinds.find((one) => fileOf([file], one));
            if (kind) {
                this.attach(new Medium(kind, file, file.name));
                taken = true;
            }
        }
        return taken;
    }

    attach(medium) {
        this.media.push(medium);
        this.showAttached();
        this.on.onChange();
    }

    showAttached() {
        forget(this.attached);
        fill(this.attached, this.media.map((medium, i) =>
            el('div', { class: 'attachment' },
                preview(medium.kind, medium.blob, medium.name),
                el('button', {
                    type: 'button', class: 'quiet small',
                    'aria-label': `Remove ${medium.name}`, onclick: () => {
                        this.media.splice(i, 1);
                        this.showAttached();
                        this.on.onChange();
                    },
                }, icon('close'), bytes(medium.blob.size)))));
    }

    // The content of what is written; nothing where nothing is
    draft() {
        const text = this.box.value.trim();
        if (!this.media.length) {
            return text || null;
        }
        return [...this.media.map((medium) => ({ [medium.kind]: medium })),
            ...text ? [{ text }] : []];
    }

    // What is sent, or would be: the messages and the draft
    context() {
        const draft = this.draft();
        return [...this.messages.map(({ role, content }) =>
            ({ role, content })), ...draft && !this.busy
            ? [{ role: this.role.value, content: draft }] : []];
    }

    // The draft becomes a message; one of the user's is sent
    submit() {
        const content = this.draft();
        if (this.busy || !content && this.messages.at(-1)?.role !== 'user') {
            this.box.focus();
            return;
        }
        const role = this.role.value;
        if (role === 'user' && !this.on.canSend()) {
            this.error.textContent = 'A job is still running.';
            return;
        }
        if (content) {
            this.append({ role, content });
            this.box.value = '';
            this.media = [];
            this.showAttached();
        }
        if (role === 'user') {
            this.on.onSend();
        } else {
            this.role.value = 'user';
            this.shown();
            this.on.onChange();
        }
    }

    append(message) {
        message.body = el('div', { class: 'message-body' });
        message.node = el('li', { class: `message ${message.role}` },
            el('div', { class: 'message-head' },
                el('span', { class: 'role' }, message.role),
                copyButton(() => this.text(message)),
                el('button', {
                    type: 'button', class: 'quiet small remove',
                    'aria-label': `Remove this message of ${message.role}`,
                    onclick: () => this.remove(message),
                }, icon('close'))), message.body);
        this.messages.push(message);
        this.log.append(message.node);
        this.render(message);
        this.shown();
        this.scroller.scrollTop = this.scroller.scrollHeight;
        return message;
    }

    text({ content }) {
        return typeof content === 'string' ? content
            : content.map((item) => item.text).filter(Boolean).join('\n');
    }

    render({ content, body, role }) {
        const items = typeof content === 'string' ? [{ text: content }]
            : content;
        fill(body, items.map((item) => {
            const [value] = Object.values(item);
            return value instanceof Medium
                ? preview(value.kind, value.blob, value.name)
                : role === 'assistant' ? markdown(value)
                    : el('p', {}, value);
        }));
    }

    remove(message) {
        this.messages = this.messages.filter((one) => one !== message);
        forget(message.node);
        message.node.remove();
        this.shown();
        this.on.onChange();
        this.box.focus();
    }

    clear() {
        if (!this.busy) {
            this.messages = [];
            forget(this.log);
            fill(this.log);
            this.error.textContent = '';
            this.shown();
            this.on.onChange();
        }
        this.box.focus();
    }

    // The answer begins; what is heard of it goes to hear()
    wait() {
        this.busy = true;
        this.heard = '';
        this.error.textContent = '';
        this.answer = null;
        this.waiting = el('li', { class: 'message assistant waiting' },
            el('div', { class: 'message-head' },
                el('span', { class: 'role' }, 'assistant')),
            el('div', { class: 'message-body dots', 'aria-label': 'waiting' },
                el('span'), el('span'), el('span')));
        this.log.append(this.waiting);
        this.scroller.scrollTop = this.scroller.scrollHeight;
        this.shown();
    }

    // Texts may come faster than screens show them
    hear(text) {
        this.heard = text;
        this.frame ??= requestAnimationFrame(() => this.showHeard());
    }

    showHeard() {
        cancelAnimationFrame(this.frame);
        this.frame = null;
        const text = this.heard;
        if (!text) {
            return;
        }
        this.waiting?.remove();
        if (!this.answer) {
            this.answer = this.append({ role: 'assistant', content: text });
            this.answer.node.classList.add('streaming');
        } else if (this.answer.content !== text) {
            const { scrollTop, clientHeight, scrollHeight } = this.scroller;
            const follow = scrollTop + clientHeight > scrollHeight - 40;
            this.answer.content = text;
            this.render(this.answer);
            if (follow) {
                this.scroller.scrollTop = this.scroller.scrollHeight;
            }
        }
    }

    // No more of it comes; texts say what went wrong
    end(texts = []) {
        this.showHeard();
        this.busy = false;
        this.waiting?.remove();
        this.answer?.node.classList.remove('streaming');
        this.error.textContent = texts.join('\n');
        this.shown();
        this.on.onChange();
    }

    shown() {
        // readers say an answer when it is whole
        this.scroller.setAttribute('aria-busy', String(this.busy));
        this.blank.hidden = this.messages.length > 0 || this.busy;
        const adds = this.role.value !== 'user';
        fill(this.send, icon(this.busy ? 'stop' : 'send'),
            this.busy ? 'Stop' : adds ? 'Add' : 'Send');
        this.send.classList.toggle('danger', this.busy);
    }
}
