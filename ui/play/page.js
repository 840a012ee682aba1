// One endpoint: what it is, the request, how the job goes, the same as code.

import { Chat } from './chat.js';
import { el, fill, icon, unique } from '../dom.js';
import { Form, parameters } from './form.js';
import { RunView } from './progress.js';
import { Run } from './run.js';
import { Samples } from './samples.js';

const DELAY = 150;                  // ms, from typing to the code that shows it

export class Page {
    // app: {client, signIn()}
    constructor(app, details) {
        Object.assign(this, { app, details, access: 'unknown', run: null });
        this.all = parameters(details);
        this.chatName = this.all.find(({ type }) =>
            type === 'chat_context')?.name;
        this.mode = this.chatName ? 'chat' : 'form';
        this.form = new Form(details);
        this.banner = el('div', { class: 'banner', role: 'status' });
        this.head = el('header', { class: 'endpoint-head' });
        this.left = el('div', { class: 'column' });
        this.right = el('div', { class: 'column' });
        this.view = new RunView({ onCancel: () => this.run?.cancel(),
            skip: [] });
        if (this.chatName) {
            this.buildSettings();
            this.buildChat();
        }
        this.samples = new Samples({
            details, request: () => this.request(),
            key: () => app.client.key,
        });
        this.runCard = el('section', { class: 'card' },
            el('header', { class: 'card-head' }, el('h2', {}, 'Result')),
            this.view.element);
        this.element = el('article', {
            class: 'endpoint', oninput: () => this.later(),
            onchange: () => this.later(),
        }, this.head, this.banner,
        el('div', { class: 'columns' }, this.left, this.right));
        this.update(details);
        this.arrange();
    }

    // What is to be set beside a chat
    buildSettings() {
        this.prompt = this.all.find(({ name }) => name === 'prompt_input');
        this.settings = new Form(this.details, ({ name, type }) =>
            name !== this.chatName && type !== 'text_context'
            && name !== 'prompt_input');
    }

    buildChat() {
        const { rules } = this.all.find(({ name }) => name === this.chatName);
        this.chat = new Chat(rules, {
            canSend: () => !this.run?.active,
            onSend: () => this.submit(), onStop: () => this.run?.cancel(),
            onChange: () => this.later(),
        });
        const output = this.details.parameter_description?.output ?? {};
        this.speaks = 'text' in output ? 'text'
            : Object.keys(output).find((name) => name !== 'error'
                && ['string', 'str'].includes(output[name].type)) ?? 'text';
    }

    // What the endpoint is, and how busy
    update(details) {
        this.details = details;
        const waiting = details.max_queue_length - details.free_queue_slots;
        const models = [...new Set((details.workers ?? [])
            .map(({ model }) => model?.label)
            .filter((label) => label && label !== 'Unknown'))];
        const online = details.num_active_workers;
        const text = JSON.stringify([waiting, models, online, this.mode]);
        if (text === this.shownHead) {
            return;                 // a caret or a focus may be in it
        }
        this.shownHead = text;
        fill(this.head,
            el('div', { class: 'endpoint-title' },
                el('h1', {}, details.title || details.name),
                this.chatName ? this.modes() : null),
            ![details.name, details.title, '', null, undefined]
                .includes(details.description)
                ? el('p', {}, details.description) : null,
            el('ul', { class: 'chips' },
                el('li', { class: online ? 'chip on' : 'chip off' },
                    online === 1 ? '1 worker online'
                        : online ? `${online} workers online`
                            : 'no worker online'),
                waiting > 0 ? el('li', { class: 'chip' },
                    `${waiting} in the queue`) : null,
                models.map((label) => el('li', { class: 'chip' }, label)),
                el('li', { class: 'chip mono' }, `/${details.name}`)));
    }

    modes() {
        const group = unique('mode');
        return el('fieldset', { class: 'modes' },
            el('legend', { class: 'offscreen' }, 'View'),
            [['chat', 'Chat'], ['form', 'Form']].map(([mode, label]) =>
                el('label', {}, el('input', {
                    type: 'radio', name: group, value: mode,
                    checked: this.mode === mode, onchange: () => {
                        this.mode = mode;
                        this.arrange();
                    },
                }), el('span', {}, label))));
    }

    arrange() {
        const chat = this.mode === 'chat';
        const fields = (chat ? this.settings : this.form).element;
        this.view.skip = chat ? [this.speaks] : [];
        this.runCard.querySelector('h2').textContent = chat ? 'Job' : 'Result';
        this.element.classList.toggle('chatting', chat);
        if (chat) {
            fill(this.left, el('section', { class: 'card chat-card',
                'aria-label': 'Chat' }, this.chat.element));
            fill(this.right,
                el('section', { class: 'card' },
                    el('header', { class: 'card-head' },
                        el('h2', {}, 'Settings'), this.resetButton()), fields),
                this.runCard, this.samples.element);
        } else {
            fill(this.left, el('section', { class: 'card' },
                el('header', { class: 'card-head' }, el('h2', {}, 'Request'),
                    this.resetButton()),
                el('form', {
                    novalidate: true, onsubmit: (event) => {
                        event.preventDefault();
                        this.submit();
                    },
                }, fields, this.submitRow())));
            fill(this.right, this.runCard, this.samples.element);
        }
        this.samples.update();
    }

    submitRow() {
        this.button = el('button', { type: 'submit', class: 'primary',
            id: 'submit' }, icon('play'), 'Run');
        this.button.disabled = Boolean(this.run?.active);
        return el('div', { class: 'submit-row' }, this.button,
            el('span', { class: 'hint' }, 'or Ctrl and Enter'));
    }

    resetButton() {
        return el('button', {
            type: 'button', class: 'quiet', onclick: () => this.reset(),
        }, 'Reset');
    }

    reset() {
        this.form.dispose();
        this.settings?.dispose();
        this.form = new Form(this.details);
        if (this.chatName) {
            this.buildSettings();
        }
        this.arrange();
    }

    // Inputs as they would be sent now; messages: of the chat
    inputs(messages = this.chat?.context()) {
        if (this.mode !== 'chat') {
            return this.form.inputs();
        }
        const inputs = this.settings.inputs();
        const context = [...messages];
        const last = context.at(-1);
        if (this.prompt?.rules.required && typeof last?.content === 'string') {
            // an endpoint of the older kind, with the last message apart
            inputs.prompt_input = last.content;
            context.pop();
        }
        if (context.length) {
            inputs[this.chatName] = context;
        }
        return inputs;
    }

    // The same for people to read: up to the last word of the user
    request() {
        let context = this.form.inputs()[this.chatName];
        context = this.mode === 'chat' ? this.chat.context()
            : Array.isArray(context) ? context : [];
        while (this.mode === 'chat' && context.at(-1)?.role === 'assistant') {
            context.pop();
        }
        return { details: this.details, inputs: this.inputs(context), context,
            chatName: this.chatName, open: this.access === 'open' };
    }

    later() {
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.samples.update(), DELAY);
    }

    async submit() {
        if (this.run?.active) {
            return;
        }
        const form = this.mode === 'chat' ? this.settings : this.form;
        const wrong = form.check();
        if (wrong.length) {
            this.chat?.end();
            this.refuse(wrong);
            return;
        }
        if (this.access === 'refused' && !await this.app.signIn()) {
            this.chat?.end(['Sign in to send this.']);
            return;
        }
        this.chatting = this.mode === 'chat';
        if (this.chatting) {
            this.chat.wait();
        }
        const inputs = this.inputs();
        this.run = new Run(this.app.client, this.details, inputs,
            (run) => this.changed(run, form));
        this.changed(this.run, form);
        await this.run.start();
    }

    refuse(texts) {
        this.view.show({ state: 'refused', active: false, errors: texts,
            progress: 0, data: {} });
    }

    changed(run, form) {
        this.view.show(run);
        if (this.button) {
            this.button.disabled = run.active;
        }
        if (this.chatting) {
            this.chat.hear(String(run.result?.[this.speaks]
                ?? run.data[this.speaks] ?? ''));
        }
        if (run.active) {
            this.reveal(run);
            return;
        }
        if (run.state === 'refused') {
            form.show(run.errors);
            if (run.unauthorized) {
                this.checkAccess();
            }
        }
        if (this.chatting) {
            this.chat.end(run.state === 'canceled' ? ['Stopped.']
                : run.errors);
        }
        this.app.refresh();
    }

    // On a narrow window the result lies below the form
    reveal(run) {
        const { top } = this.runCard.getBoundingClientRect();
        if (run.jobId && this.revealed !== run && !this.chatting) {
            this.revealed = run;
            if (top < 0 || top > innerHeight - 120) {
                this.runCard.scrollIntoView({ block: 'start' });
            }
        }
    }

    // Whether the user may use the endpoint, as a login tells
    async checkAccess() {
        const { client } = this.app;
        let error = null;
        try {
            await client.login(this.details.name);
        } catch (thrown) {
            error = thrown;
        }
        if (client !== this.app.client) {
            return;                 // another has come meanwhile
        }
        this.access = error?.unauthorized ? 'refused' : error ? 'unknown'
            : client.key ? 'granted' : 'open';
        fill(this.banner, error && this.obstacle(client.key, error));
        this.banner.hidden = !error;
        this.samples.update();
    }

    // What keeps the user out, and what helps
    obstacle(key, error) {
        const button = (onclick, ...label) => el('button', {
            type: 'button', class: 'primary small', onclick }, ...label);
        return error.unauthorized ? [
            el('span', {}, key ? 'Your API key is not good for this endpoint.'
                : 'This endpoint needs an API key.'),
            button(() => this.app.signIn(), icon('key'),
                key ? 'Use another key' : 'Sign in'),
        ] : [
            el('span', {}, error.message),
            button(() => this.checkAccess(), 'Try again'),
        ];
    }

    paste(files) {
        return this.mode === 'chat' ? this.chat.paste(files)
            : this.form.fields.some((field) => field.paste?.(files));
    }
}
