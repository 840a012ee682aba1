// The dialog that asks for an API key.

import { Refused, validate } from './api.js';

const $ = (id) => document.getElementById(id);

export function signInDialog(app) {
    const dialog = $('sign-in');
    const form = dialog.querySelector('form');
    let settle;

    form.addEventListener('submit', async (event) => {
        event.preventDefault();
        const key = $('sign-in-key').value.trim();
        const error = await refused(key, $('sign-in-user').value.trim());
        $('sign-in-error').textContent = error ?? '';
        $('sign-in-key').setAttribute('aria-invalid', String(Boolean(error)));
        if (error) {
            $('sign-in-key').select();
        } else {
            dialog.close('signed');
        }
    });
    $('sign-in-cancel').addEventListener('click', () => dialog.close(''));
    dialog.addEventListener('close', () => {
        $('sign-in-key').value = '';
        settle?.(dialog.returnValue === 'signed');
    });

    // Takes the key over; what is wrong with it, or nothing
    async function refused(key, user) {
        const { key: oldKey, user: oldUser } = app.client;
        app.client.signIn(user, key);
        try {
            if (app.current) {
                await app.client.login(app.current);
                return null;
            }
        } catch (error) {
            if (!(error instanceof Refused)) {
                throw error;
            }
            // it may be good for other endpoints
            if (!user && await validate(key)) {
                return null;
            }
            app.client.signIn(oldUser, oldKey);
            return error.message;
        }
        return null;
    }

    return {
        get open() {
            return dialog.open;
        },
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
