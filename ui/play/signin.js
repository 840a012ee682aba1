// The dialog that asks for an API key.

import { Client, validate } from './api.js';

const $ = (id) => document.getElementById(id);

export function signInDialog(app) {
    const dialog = $('sign-in');
    const form = dialog.querySelector('form');
    const submit = form.querySelector('[type=submit]');
    let settle, checked = null;

    form.addEventListener('submit', async (event) => {
        event.preventDefault();
        const client = new Client($('sign-in-user').value.trim(),
            $('sign-in-key').value.trim());
        check(client);
        const error = await refused(client);
        if (checked !== client) {
            return;                 // the dialog was closed meanwhile
        }
        $('sign-in-error').textContent = error?.message ?? '';
        $('sign-in-key').setAttribute('aria-invalid', String(Boolean(error)));
        if (error) {
            check(null);
            $('sign-in-key').select();
        } else {
            dialog.close('signed');
        }
    });
    $('sign-in-cancel').addEventListener('click', () => dialog.close(''));
    dialog.addEventListener('close', () => {
        $('sign-in-key').value = '';
        settle?.(dialog.returnValue === 'signed' ? checked : null);
        check(null);
    });

    // One at a time
    function check(client) {
        checked = client;
        submit.disabled = Boolean(client);
    }

    // What is wrong with a client, or nothing
    async function refused(client) {
        let refusal = null;
        try {
            await client.login(app.current);
        } catch (error) {
            refusal = error;
            if (client.user) {
                return refusal;
            }
        }
        // an open endpoint takes any key, and it may be good for others
        return validate(client.key).then(() => null,
            (error) => refusal ?? error);
    }

    return {
        get open() {
            return dialog.open;
        },
        // The client who has signed in, or nothing
        ask() {
            $('sign-in-error').textContent = '';
            dialog.returnValue = '';
            dialog.showModal();
            $('sign-in-key').focus();
            return new Promise((resolve) => {
                settle = resolve;
            });
        },
    };
}
