// The card that shows the request as programs.

import { BASE, models } from './api.js';
import {
    curl, javascript, openaiKind, openaiPython, openaiScript, python,
} from './code.js';
import { copyButton, el, fill, unique } from '../dom.js';

const TABS = [
    ['curl', 'curl', curl], ['python', 'Python', python],
    ['javascript', 'JavaScript', javascript],
];
const OPENAI = [
    ['openai-python', 'OpenAI (Python)', openaiPython],
    ['openai-js', 'OpenAI (JS)', openaiScript],
];
const KNOWN = new Map();            // models, by key

export class Samples {
    // request(): {details, inputs, open, context}; key(): of the user
    constructor({ request, key, details }) {
        this.request = request;
        this.key = key;
        this.tabs = openaiKind(details) ? [...TABS, ...OPENAI] : TABS;
        this.code = el('code');
        this.note = el('p', { class: 'hint', role: 'status' });
        this.model = el('select', {
            'aria-label': 'Model', onchange: () => this.update(),
        });
        this.pick = el('div', { class: 'select small', hidden: true },
            this.model);
        const panel = unique('code');
        this.buttons = this.tabs.map(([name, label]) => el('button', {
            type: 'button', role: 'tab', id: `${panel}-${name}`,
            'aria-controls': panel, 'data-tab': name,
            onclick: () => this.select(name),
        }, label));
        this.panel = el('div', { role: 'tabpanel', id: panel },
            this.note, el('pre', { tabindex: 0, 'aria-label': 'Code' },
                this.code));
        this.element = el('section', { class: 'card code' },
            el('header', { class: 'card-head' },
                el('h2', {}, 'As code'), this.pick,
                copyButton(() => this.code.textContent)),
            el('div', {
                role: 'tablist', 'aria-label': 'Languages', class: 'tabs',
                onkeydown: (event) => this.keys(event),
            }, this.buttons), this.panel);
        this.select('curl');
    }

    keys(event) {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (step) {
            const at = this.tabs.findIndex(([name]) => name === this.now);
            const next = (at + step + this.tabs.length) % this.tabs.length;
            this.select(this.tabs[next][0]);
            this.buttons[next].focus();
            event.preventDefault();
        }
    }

    select(name) {
        this.now = name;
        this.buttons.forEach((button) => {
            const on = button.dataset.tab === name;
            button.setAttribute('aria-selected', String(on));
            button.tabIndex = on ? 0 : -1;
        });
        this.panel.setAttribute('aria-labelledby',
            this.buttons.find((b) => b.dataset.tab === name).id);
        this.update();
    }

    update() {
        const request = { base: BASE.href.replace(/\/$/, ''),
            ...this.request() };
        const theirs = OPENAI.some(([name]) => name === this.now);
        this.pick.hidden = !theirs;
        if (theirs) {
            this.withModel(request);
            return;
        }
        this.note.textContent = request.open ? ''
            : 'Reads your API key from the environment: AIME_API_KEY.';
        this.show(this.make(request));
    }

    make(request) {
        return this.tabs.find(([name]) => name === this.now)[2](request);
    }

    show(text) {
        this.code.textContent = text;
        this.panel.querySelector('pre').hidden = text === '';
    }

    // Asks once for each key which models there are
    async withModel(request) {
        const key = this.key();
        if (!key && !request.open) {
            this.pick.hidden = true;
            this.note.textContent = 'Sign in, to see which model this is.';
            this.show('');
            return;
        }
        if (!KNOWN.has(key)) {
            KNOWN.set(key, models(key));
        }
        let found, error;
        try {
            found = await KNOWN.get(key);
        } catch (refused) {
            KNOWN.delete(key);
            // a server without these routes has no models
            found = [];
            error = refused.status !== 404 && refused;
        }
        if (!OPENAI.some(([tab]) => tab === this.now)) {
            return;             // another was picked meanwhile
        }
        if (error) {
            this.pick.hidden = true;
            this.note.textContent = 'The models cannot be read. '
                + error.message;
            this.show('');
            return;
        }
        const { name } = request.details;
        const own = found.filter(({ endpoints }) => endpoints?.includes(name));
        if (!own.length) {
            this.pick.hidden = true;
            this.note.textContent = 'No model for OpenAI clients is served by '
                + 'this endpoint: see [OPENAI.MODELS] in the server file.';
            this.show('');
            return;
        }
        if (this.models !== found) {
            this.models = found;
            fill(this.model, own.map(({ id }) => el('option', {}, id)));
        }
        this.pick.hidden = own.length < 2;
        this.note.textContent = `${this.now === 'openai-js' ? 'npm' : 'pip'} `
            + 'install openai'
            + (request.open ? '' : '; the API key is in AIME_API_KEY');
        this.show(this.make({ ...request, model: this.model.value }));
    }
}
