// The playground: tries the endpoints of an AIME API server from a browser.

import { Client, details, endpoints } from './api.js';
import { el, fill, icon } from '../dom.js';
import { Page } from './page.js';
import { signInDialog } from './signin.js';
import { themeButton } from '../theme.js';

const REFRESH = 5000;               // ms, between two looks at an endpoint
const AT_ONCE = 4;                  // requests for details
const MOST = 200;                   // endpoints whose details are asked for

const $ = (id) => document.getElementById(id);

class App {
    constructor() {
        this.client = Client.kept();
        this.known = new Map();     // details, by name
        this.pages = new Map();
        this.dialog = signInDialog(this);
    }

    async start() {
        themeButton($('theme'));
        $('account').addEventListener('click', () => this.account());
        $('search').addEventListener('input', () => this.list());
        $('pick').addEventListener('change', () => {
            location.hash = encodeURIComponent($('pick').value);
        });
        addEventListener('hashchange', () => this.route());
        addEventListener('paste', (event) =>
            this.take(event, event.clipboardData));
        // a file that misses its place must not replace the page
        addEventListener('dragover', (event) => event.preventDefault());
        addEventListener('drop', (event) => {
            if (!event.defaultPrevented) {
                this.take(event, event.dataTransfer);
                event.preventDefault();
            }
        });
        addEventListener('keydown', (event) => {
            if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)
                && this.page?.mode === 'form' && !this.dialog.open)
            {
                this.page.submit();
            }
        });
        this.showAccount();
        try {
            this.names = await endpoints();
        } catch (error) {
            fill($('main'), el('p', { class: 'empty', role: 'alert' },
                `The list of endpoints cannot be read. ${error.message}`));
            return;
        }
        if (!this.names.length) {
            fill($('main'), el('p', { class: 'empty' },
                'This server has no endpoints.'));
            return;
        }
        this.list();
        await this.route();
        setInterval(() => document.hidden || this.refresh(), REFRESH);
        await this.learn();
    }

    // Details of all, for the list
    async learn() {
        const names = this.names.slice(0, MOST)
            .filter((name) => !this.known.has(name));
        const worker = async () => {
            for (let name; (name = names.shift()) !== undefined;) {
                try {
                    this.known.set(name, await details(name));
                } catch {
                    continue;       // it is shown by its name
                }
            }
        };
        await Promise.all(Array.from({ length: AT_ONCE }, worker));
        this.list();
    }

    list() {
        const wanted = $('search').value.trim().toLowerCase();
        const groups = new Map();
        for (const name of this.names) {
            const { title, category } = this.known.get(name) ?? {};
            if (`${name} ${title ?? ''}`.toLowerCase().includes(wanted)) {
                const group = category ? String(category) : 'endpoints';
                groups.set(group, [...groups.get(group) ?? [], name]);
            }
        }
        fill($('endpoints'), groups.size ? [...groups].map(([group, names]) =>
            [el('h2', {}, group), el('ul', {},
                names.map((name) => el('li', {}, this.link(name))))])
            : el('p', { class: 'hint' }, 'No endpoint of that name.'));
        fill($('pick'), this.names.map((name) => el('option', { value: name },
            this.known.get(name)?.title || name)));
        $('pick').value = this.current ?? '';
    }

    link(name) {
        const known = this.known.get(name);
        const online = known?.num_active_workers;
        return el('a', {
            href: `#${encodeURIComponent(name)}`,
            'aria-current': name === this.current ? 'true' : null,
        }, el('span', { class: 'name' }, known?.title || name),
        known ? el('span', { class: online ? 'dot on' : 'dot',
            title: online ? 'workers online' : 'no worker online' },
        el('span', { class: 'offscreen' },
            online ? 'workers online' : 'no worker online')) : null);
    }

    async route() {
        let name = '';
        try {
            name = decodeURIComponent(location.hash.slice(1));
        } catch {
            // no address that this page has made
        }
        if (!this.names.includes(name)) {
            name = this.names[0];
        }
        this.current = name;
        if (!this.pages.has(name)) {
            // the one before must not act for it
            this.page = undefined;
            let failure = null;
            try {
                this.known.set(name, await details(name));
            } catch (error) {
                failure = error;
            }
            if (this.current !== name || this.page) {
                return;             // another was picked, or it came twice
            }
            if (failure) {
                this.missing(failure);
                return;
            }
            this.pages.set(name, new Page(this, this.known.get(name)));
        }
        this.page = this.pages.get(name);
        fill($('main'), this.page.element);
        document.title = `${this.known.get(name).title || name} – Playground`;
        this.list();
        await this.page.checkAccess();
    }

    // Said once, however often it is tried
    missing(error) {
        const text = `The endpoint cannot be read. ${error.message}`;
        if ($('main').textContent !== text) {
            fill($('main'), el('p', { class: 'empty', role: 'alert' }, text));
        }
    }

    // How busy the endpoint is now, or another try to read it
    async refresh() {
        const { page } = this;
        if (!page) {
            await this.route();
            return;
        }
        const { name } = page.details;
        try {
            const now = await details(name);
            const before = this.known.get(name)?.num_active_workers;
            this.known.set(name, now);
            page.update(now);
            if (now.num_active_workers !== before) {
                this.list();
            }
        } catch {
            // it was there, and the next look may find it
        }
    }

    account() {
        if (this.client.key) {
            this.use(new Client());
        } else {
            this.signIn();
        }
    }

    // True when the user has signed in
    async signIn() {
        const client = await this.dialog.ask();
        if (client) {
            await this.use(client);
        }
        return client && this.page?.access !== 'refused';
    }

    async use(client) {
        this.client = client;
        client.keep();
        this.showAccount();
        for (const page of this.pages.values()) {
            page.access = 'unknown';
        }
        await this.page?.checkAccess();
    }

    showAccount() {
        const { key, user } = this.client;
        fill($('account'), icon('key'), el('span', {}, key
            ? user ? `Sign out ${user}` : 'Sign out' : 'Sign in'));
    }

    // Files that come by paste or drop
    take(event, { files }) {
        if (files.length && this.page?.paste(files)) {
            event.preventDefault();
        }
    }
}

const app = new App();
app.start();
